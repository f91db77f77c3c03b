import CrashPoints
import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// A resident program that is begun again when something kills it: the process that was started only waits for a worker of the
/// same command line, which does the work and writes its own pid.
public struct Supervised: Sendable {
    private static let mark = "CUTOVER_SUPERVISED"
    private let pidFile: String
    /// While it is there, no worker begins: a worker that died a moment before the stop must not come back after it.
    private var endFile: String { "\(pidFile).end" }

    public init(pidFile: String) { self.pidFile = pidFile }

    /// What makes a process the worker: where somebody else begins it again, nobody else has to wait for it.
    public static var asWorker: [String: String] { [mark: "1"] }
    public static var isWorker: Bool { ProcessInfo.processInfo.environment[mark] == "1" }

    public func isAllowed() throws(HostFault) -> Bool { try DurableFile.read(endFile) == nil }
    public func allow() throws(HostFault) { try DurableFile.remove(endFile) }
    public func forbid() throws(HostFault) { try DurableFile.write("\n", to: endFile) }

    /// Makes this process the one of the pid file, if it is not. False when it was forbidden meanwhile.
    public func beginWork() throws(HostFault) -> Bool {
        guard try isAllowed() else { return false }
        let mine = "\(getpid())\n"
        if try DurableFile.read(pidFile) != mine { try DurableFile.write(mine, to: pidFile) }
        return try isAllowed()
    }

    /// Runs workers until one ends by itself, or is told to by SIGTERM or SIGINT. Answers its exit code.
    public func supervise() async -> Int32 {
        let words = CommandLine.arguments
        while true {
            do {
                CrashPoint.reached("worker's start")
                let ended = try await run(
                    .path(FilePath(words[0])), arguments: Arguments(Array(words.dropFirst())), environment: .inherit.updating([.init(stringLiteral: Self.mark): "1"]),
                    output: .fileDescriptor(.standardOutput, closeAfterSpawningProcess: false),
                    error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false))
                CrashPoint.reached("worker's end")
                switch ended.terminationStatus {
                case .exited(let code): return Int32(code)
                case .signaled(let signal) where signal == SIGTERM || signal == SIGINT: return 0
                case .signaled: break
                }
            } catch { return 1 }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }
}
