import CrashPoints
import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// A process that is expected to end soon.
public enum BriefProcess {
    /// Its exit code, 128 and the signal when it died of one, or nil when it still ran after `withinSeconds` and was killed.
    public static func exitCode(of command: String, environment: [String: String], withinSeconds: Double) async throws -> Int? {
        let words = command.split(separator: " ").map(String.init)
        guard let program = words.first else { throw HostFault.said("the command is empty") }
        var variables: [Environment.Key: String] = [:]
        for (key, value) in environment { variables[Environment.Key(stringLiteral: key)] = value }
        let settings = variables
        CrashPoint.reached("trial start of \(words[0].split(separator: "/").last ?? "")")
        defer { CrashPoint.reached("trial over of \(words[0].split(separator: "/").last ?? "")") }
        let work = Task {
            try await run(.path(FilePath(program)), arguments: Arguments(Array(words.dropFirst())), environment: .custom(settings), output: .discarded, error: .discarded)
                .terminationStatus
        }
        let clock = Task {
            try await Task.sleep(for: .seconds(withinSeconds))
            work.cancel()
        }
        defer { clock.cancel() }
        do {
            switch try await work.value {
            case .exited(let code): return Int(code)
            case .signaled(let signal): return work.isCancelled ? nil : 128 + Int(signal)
            }
        } catch {
            if work.isCancelled { return nil }
            throw error
        }
    }
}
