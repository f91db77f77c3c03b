import Foundation

/// Starts programs with exactly the environment given, in a session of their own, with their output appended to a file.
enum Spawn {
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    /// Starts the program and does not wait for it.
    static func detached(_ arguments: [String], environment: [String: String], log: String) throws(Failed) -> pid_t {
        guard let program = arguments.first else { throw Failed(description: "no program to start") }
        keepDescriptorsToOurselves()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, newSession | Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        var pid: pid_t = 0
        // `env` moves to the root folder, and becomes the program under the same process id.
        var argv = (["env", "--chdir=/"] + arguments).map { strdup($0) } + [nil]
        var envp = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        let code = posix_spawn(&pid, "/usr/bin/env", &actions, &attributes, &argv, &envp)
        guard code == 0 else { throw Failed(description: "cannot start \(program): \(String(cString: strerror(code)))") }
        return pid
    }

    /// Runs the program to its end and returns what it printed; throws when its exit status is not zero.
    @discardableResult
    static func run(_ arguments: [String], environment: [String: String]) throws -> String {
        let scratch = NSTemporaryDirectory() + "/cutover-lab-run-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).out"
        defer { unlink(scratch) }
        let pid = try detached(arguments, environment: environment, log: scratch)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let said = (try? String(contentsOfFile: scratch, encoding: .utf8)) ?? ""
        guard status == 0 else {
            throw Failed(description: "\(arguments.joined(separator: " ")) failed (status \(status >> 8)):\n\(said)")
        }
        return said
    }

    /// A socket or pipe of ours left open in a server would keep its other end waiting for ever.
    static func keepDescriptorsToOurselves() {
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for descriptor in open.compactMap(Int32.init) where descriptor > 2 {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    // MARK: - Non public

    /// `POSIX_SPAWN_SETSID`, which glibc's header shows only to GNU sources.
    private static let newSession: Int16 = 0x80
}
