/// What the referee found on one tenant.
public struct TenantVerdict: Codable, Sendable {
    public struct Offence: Codable, Sendable {
        public let id: String?
        /// The account's name of the memory: a seeded row's id or a token.
        public let memory: String?
        public let reason: String
    }

    public let tenant: String
    public let store: String
    /// Memories that are where they must be, as they must be.
    public var accounted = 0
    /// Memories that must be remembered and whose id is on the list of exceptions.
    public var excepted = 0
    public var lost: [Offence] = []
    public var invented: [Offence] = []
    public var wronglyExcepted: [Offence] = []
    /// Rows of the orchestrator's own trials that were not cleaned away.
    public var probesLeft: [String] = []
    /// Memories whose last act had no answer: they may be either way.
    public var maybe = 0
    /// Why the store could not be read.
    public var error: String?

    init(tenant: String, store: String) {
        self.tenant = tenant
        self.store = store
    }

    public var isOK: Bool { lost.isEmpty && invented.isEmpty && wronglyExcepted.isEmpty && error == nil }
}
