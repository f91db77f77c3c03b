public import Cutover
import Foundation

/// What keeps one long-lived program of a host: a plain process, or a container. It is known by what it runs, a command line or an image
/// by digest, so that another version of the same program is told from the wanted one.
public protocol ServiceRuntime: Sendable {
    /// The command line or the image.
    var wanted: String { get }
    /// The process id, if what runs is what is wanted.
    func running() async throws(HostFault) -> Int32?
    /// Whatever version of it runs.
    func anyRunning() async throws(HostFault) -> (pid: Int32, what: String)?
    /// It was started and did not stay: there is no use in waiting for its health.
    func hasEnded() async throws(HostFault) -> Bool
    /// Runs it with these variables and no others. Begun again over half-done work it comes to the same end.
    /// - Parameter operation: what it is labelled with, where labels can be had.
    func start(environment: [String: String], log: String, operation: OperationID) async throws(HostFault)
    /// SIGTERM, then SIGKILL after `seconds`. Harmless when nothing runs. True when it had to be killed.
    @discardableResult func stop(within seconds: Double) async throws(HostFault) -> Bool
    /// Takes back a start that went wrong: what it had put aside runs again, whoever made that.
    func withdraw(within seconds: Double) async throws(HostFault)
    /// Takes away all that `start` ever put there; what somebody else had there before runs again.
    func remove(within seconds: Double) async throws(HostFault)
    /// What it said last. Secrets may stand in it.
    func lastWords(log: String, lines: Int) async -> String
    /// How it ends when it is run by itself under those variables: its exit code, or nil when it still ran after `withinSeconds` and was killed.
    func exitCode(environment: [String: String], withinSeconds: Double) async throws -> Int?
    /// What is wanted can be started here without fetching anything.
    func isThere() async throws(HostFault) -> Bool
}

extension ProcessRuntime: ServiceRuntime {
    public var wanted: String { command }

    public func hasEnded() throws(HostFault) -> Bool { try running() == nil }

    public func start(environment: [String: String], log: String, operation: OperationID) async throws(HostFault) {
        try await start(environment: environment, log: log)
    }

    public func withdraw(within seconds: Double) async throws(HostFault) { try await stop(within: seconds) }
    public func remove(within seconds: Double) async throws(HostFault) { try await stop(within: seconds) }

    public func lastWords(log: String, lines: Int) -> String {
        let text = (try? DurableFile.read(log)).flatMap { $0 } ?? ""
        return text.split(separator: "\n").suffix(lines).joined(separator: " | ")
    }

    public func exitCode(environment: [String: String], withinSeconds: Double) async throws -> Int? {
        try await BriefProcess.exitCode(of: command, environment: environment, withinSeconds: withinSeconds)
    }

    public func isThere() -> Bool { command.split(separator: " ").first.map { FileManager.default.isExecutableFile(atPath: String($0)) } ?? false }
}
