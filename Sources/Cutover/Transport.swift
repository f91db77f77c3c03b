/// One operation on its way to a host. The id repeats on redelivery; `input` is never part of a command line.
public struct RemoteAction: Sendable, Equatable {
    public let id: OperationID
    public let operationClass: OperationClass
    public let input: [UInt8]
    public let timeoutSeconds: Int
    public init(id: OperationID, operationClass: OperationClass, input: [UInt8], timeoutSeconds: Int) {
        self.id = id
        self.operationClass = operationClass
        self.input = input
        self.timeoutSeconds = timeoutSeconds
    }
}

public struct ActionResult: Sendable, Equatable {
    public let exitCode: Int
    public let output: String
    public let errors: String
    public init(exitCode: Int, output: String, errors: String) {
        self.exitCode = exitCode
        self.output = output
        self.errors = errors
    }
}

/// What stands on a host where the program that carries out operations should be.
public enum HandReport: Sendable, Equatable {
    case absent
    /// `isThisBuild`: the same program that the controller would put there.
    case present(digest: String, isThisBuild: Bool)
}

/// Carries operations to hosts. An implementation must deliver an action at most a bounded number of times, never split it,
/// and tell a failure before sending from one after it: on the second the engine asks the world instead of guessing.
public protocol Transport: Sendable {
    func run(_ action: RemoteAction, on host: TenantHost) async throws(TransportError) -> ActionResult
    /// Looks, by one fixed read-only command, which program stands on the host.
    func probeHand(on host: TenantHost) async throws(TransportError) -> HandReport
    /// Puts this build's program on the host, switched in atomically. Doing it again is harmless.
    func placeHand(on host: TenantHost) async throws(TransportError) -> HandReport
    /// Looks which programs this build has for hosts in the place of the one that stands there, by digest, for machines of any kind. None where
    /// nothing whole stands there, or this build does already, or a bundle, which needs nothing of its host, would give way to a bare program.
    func handSuccessors(on host: TenantHost) async throws(TransportError) -> Set<String>
    /// Takes the program away; the host's ledger stays.
    func removeHand(from host: TenantHost) async throws(TransportError)
}

extension Transport {
    public func handSuccessors(on host: TenantHost) async throws(TransportError) -> Set<String> { [] }
}

public struct TransportError: Error, Sendable, Equatable {
    public enum Outcome: String, Sendable { case neverSent, sentOutcomeUnknown }
    public let host: String
    public let outcome: Outcome
    public let detail: String
    public init(host: String, outcome: Outcome, detail: String) {
        self.host = host
        self.outcome = outcome
        self.detail = detail
    }
}
