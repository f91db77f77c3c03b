import Foundation
import Subprocess
import Synchronization

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// A program under way. Its output goes to files, so that whatever it leaves behind can't keep us waiting.
final class RunningProgram: Sendable {
    struct Ended: Sendable {
        /// The exit code; 128 and the signal when one ended it.
        let code: Int
        let out: String
        let err: String
        let words: String
        /// What it said, shortened for a message.
        var said: String { String((err + out).suffix(1500)).trimmingCharacters(in: .whitespacesAndNewlines) }
        var wasKilled: Bool { code == 128 + Int(SIGKILL) }
    }

    let pid: Int32
    private let ending: Task<Ended, any Error>

    private init(pid: Int32, ending: Task<Ended, any Error>) {
        self.pid = pid
        self.ending = ending
    }

    /// - Parameter log: where its output goes, with `.out` and `.err` added.
    static func start(_ program: String, _ words: [String], environment: [String: String], folder: String, log: String) async throws -> RunningProgram {
        var variables: [Environment.Key: String] = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        for (key, value) in environment { variables[Environment.Key(stringLiteral: key)] = value }
        let settings = Environment.custom(variables)
        let told = ([(program as NSString).lastPathComponent] + words).joined(separator: " ")
        let (pids, announce) = AsyncStream.makeStream(of: Int32.self)
        let ending = Task {
            defer { announce.finish() }
            let (out, err) = (try open(log + ".out"), try open(log + ".err"))
            let result = try await Subprocess.run(
                .path(FilePath(program)), arguments: Arguments(words), environment: settings, workingDirectory: FilePath(folder), input: .none,
                output: .fileDescriptor(out, closeAfterSpawningProcess: true), error: .fileDescriptor(err, closeAfterSpawningProcess: true)
            ) { announce.yield($0.processIdentifier.value) }
            let code: Int
            switch result.terminationStatus {
            case .exited(let status): code = Int(status)
            case .signaled(let signal): code = 128 + Int(signal)
            }
            return Ended(code: code, out: text(log + ".out"), err: text(log + ".err"), words: told)
        }
        for await pid in pids { return RunningProgram(pid: pid, ending: ending) }
        _ = try await ending.value
        throw Trouble("\(told) did not start")
    }

    func kill(_ signal: Int32 = SIGKILL) { Foundation.kill(pid, signal) }

    /// Its end; after `seconds` it is killed, and that is trouble.
    func ended(within seconds: Double = 120) async throws -> Ended {
        let late = Atomic(false)
        let pid = pid
        return try await withThrowingTaskGroup(of: Ended?.self) { group in
            group.addTask { try await self.ending.value }
            group.addTask {
                try await Task.sleep(for: .seconds(seconds))
                Foundation.kill(pid, SIGKILL)
                return nil
            }
            for try await answer in group {
                guard let answer else {
                    late.store(true, ordering: .relaxed)
                    continue
                }
                group.cancelAll()
                if late.load(ordering: .relaxed) { throw Trouble("`\(answer.words)` did not end within \(Int(seconds)) s: \(answer.said)") }
                return answer
            }
            throw Trouble("process \(pid) never ended")
        }
    }

    private static func open(_ path: String) throws -> FileDescriptor {
        try FileDescriptor.open(FilePath(path), .writeOnly, options: [.create, .truncate], permissions: FilePermissions(rawValue: 0o644))
    }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
