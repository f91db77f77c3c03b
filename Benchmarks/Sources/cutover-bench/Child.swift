import Foundation

/// A program run to its end, or this program in another role.
enum Child {
    /// Its exit status, and what it said on standard output until it ended. Blocks.
    static func run(_ arguments: [String]) throws -> (status: Int32, said: String) {
        let file = "/tmp/cutover-bench-said-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { unlink(file) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // A file, not a pipe: a server among the descendants keeps a pipe open for ever.
        posix_spawn_file_actions_addopen(&actions, 1, file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        var child = pid_t()
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { argv.forEach { free($0) } }
        guard let program = arguments.first, posix_spawn(&child, program, &actions, nil, &argv, environ) == 0 else {
            throw Trouble("cannot start \(arguments.first ?? "nothing")")
        }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return (status, (try? String(contentsOfFile: file, encoding: .utf8)) ?? "")
    }

    /// Runs this program as `role` and answers what it said; throws when it failed.
    static func play(_ role: String, _ arguments: [String]) async throws -> String {
        let (status, said) = try await withCheckedThrowingContinuation { done in
            Thread.detachNewThread { done.resume(with: Result { try run(["/proc/self/exe", "--as", role] + arguments) }) }
        }
        guard status == 0 else { throw Trouble("the child \(role) failed (status \(status))") }
        return said
    }

    /// Starts this program as `role` and does not wait for its end.
    static func start(_ role: String, _ arguments: [String]) throws -> pid_t {
        var child = pid_t()
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var argv: [UnsafeMutablePointer<CChar>?] = ([program, "--as", role] + arguments).map { strdup($0) } + [nil]
        defer { argv.forEach { free($0) } }
        guard posix_spawn(&child, program, nil, nil, &argv, environ) == 0 else { throw Trouble("the \(role) cannot be started") }
        return child
    }

    static func stop(_ pid: pid_t) {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }

    /// In a child that was started: ends with the program that did it, however that ends.
    static func endWith(_ parent: Int32) {
        Thread.detachNewThread {
            while getppid() == parent { usleep(200_000) }
            exit(0)
        }
    }

    /// The most memory this process ever had resident, in MiB.
    static func peakMiB() throws -> Double {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kib = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Double($0) })
        else { throw Trouble("/proc/self/status has no VmHWM") }
        return kib / 1024
    }
}
