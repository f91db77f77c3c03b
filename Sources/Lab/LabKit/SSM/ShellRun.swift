import Foundation
import Synchronization

/// A shell and what it starts, in a process group of its own, its output taken in through pipes.
///
/// It is over when the shell has ended and nobody holds the pipes any longer, or at once when it is stopped: its group is killed then, and
/// whoever has left the group lives on.
final class ShellRun: Sendable {
    enum Stop: Sendable { case late, cancelled, restarted }

    enum End: Sendable {
        case exited(Int)
        case signalled(Int)
        case stopped(Stop)
        case neverBegan(String)
    }

    struct Result: Sendable {
        let end: End
        let output: [UInt8]
        let errors: [UInt8]
    }

    private let words: [String]
    private let folder: String
    private let environment: [String: String]
    private let seconds: Double
    private let stopped = Mutex<Stop?>(nil)
    /// What is kept of each stream; the rest is read and let go.
    private static let keptBytes = 1 << 17

    init(_ words: [String], in folder: String, environment: [String: String], within seconds: Double) {
        (self.words, self.folder, self.environment, self.seconds) = (words, folder, environment, seconds)
    }

    func stop(_ why: Stop) { stopped.withLock { $0 = $0 ?? why } }

    func result() async -> Result {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: self.carryOut()) }
        }
    }

    // MARK: - Non public

    private func carryOut() -> Result {
        let (output, errors) = Self.birth.withLock { _ in (Pipe(), Pipe()) }
        defer { output.close(); errors.close() }
        guard let pid = Self.birth.withLock({ _ in begin(output, errors) }) else {
            return Result(end: .neverBegan(String(cString: strerror(errno))), output: [], errors: [])
        }
        let end = Date.now.addingTimeInterval(seconds)
        while true {
            if Date.now >= end { stop(.late) }
            if let why = stopped.withLock({ $0 }) {
                kill(-pid, SIGKILL)
                var status: Int32 = 0
                while waitpid(pid, &status, 0) < 0, errno == EINTR {}
                return Result(end: .stopped(why), output: output.kept, errors: errors.kept)
            }
            Pipe.wait(output, errors)
            output.take(Self.keptBytes)
            errors.take(Self.keptBytes)
            var status: Int32 = 0
            if output.isOver, errors.isOver, waitpid(pid, &status, WNOHANG) == pid {
                let signal = Int(status & 0x7F)
                return Result(end: signal == 0 ? .exited(Int(status >> 8) & 0xFF) : .signalled(signal), output: output.kept, errors: errors.kept)
            }
        }
    }

    /// One at a time: a pipe that another one's program was born with, between its making and its marking, would never end.
    private static let birth = Mutex(())

    private func begin(_ output: Pipe, _ errors: Pipe) -> pid_t? {
        defer { output.closeEntry(); errors.closeEntry() }
        Spawn.keepDescriptorsToOurselves()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.entry, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.entry, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        posix_spawnattr_setpgroup(&attributes, 0)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        var argv = (["env", "--chdir=\(folder)"] + words).map { strdup($0) } + [nil]
        var envp = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, "/usr/bin/env", &actions, &attributes, &argv, &envp)
        errno = code
        return code == 0 ? pid : nil
    }

    /// One stream of the program.
    private final class Pipe {
        private(set) var entry: Int32 = -1
        private var exit: Int32 = -1
        private(set) var kept: [UInt8] = []
        private(set) var isOver = false

        init() {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { return }
            ends.forEach { _ = fcntl($0, F_SETFD, FD_CLOEXEC) }
            (exit, entry) = (ends[0], ends[1])
            _ = fcntl(exit, F_SETFL, O_NONBLOCK)
        }

        /// Returns when one has something, and before long in any case; sooner when only the program's end is waited for.
        static func wait(_ one: Pipe, _ other: Pipe) {
            var both = [one, other].map { pollfd(fd: $0.isOver ? -1 : $0.exit, events: Int16(POLLIN), revents: 0) }
            poll(&both, 2, one.isOver && other.isOver ? 5 : 100)
        }

        func take(_ most: Int) {
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            while !isOver {
                let count = read(exit, &chunk, chunk.count)
                if count > 0 {
                    kept += chunk.prefix(min(count, most - kept.count))
                } else if count == 0 {
                    isOver = true
                } else if errno != EINTR {
                    isOver = errno != EAGAIN
                    return
                }
            }
        }

        func closeEntry() {
            if entry >= 0 { Glibc.close(entry) }
            entry = -1
        }

        func close() {
            closeEntry()
            if exit >= 0 { Glibc.close(exit) }
            exit = -1
        }
    }
}
