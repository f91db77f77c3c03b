/// How the endpoint and its agents behave, the faults that a test wants among it. What is counted down ends by itself.
public struct LabSSMFaults: Sendable, Codable {
    public enum HostState: String, Sendable, Codable {
        case online
        /// Said to be online, and takes no command: they stay pending until they expire.
        case silent
        /// Its agent has not been heard of; no command is accepted for it.
        case connectionLost
        /// Stopped: not listed either.
        case stopped
    }

    public struct Outcome: Sendable, Codable {
        public var status: String
        public var details: String
        public init(status: String, details: String) { (self.status, self.details) = (status, details) }
    }

    /// Operation, and how many of its next replies are lost: it is carried out, and the connection closed without a byte.
    public var loseReplies: [String: Int] = [:]
    /// Operation, and what its next calls get instead of being carried out, in order: an error code, or `CODE: what is said with it`.
    public var refusals: [String: [String]] = [:]
    /// How long the reply to an operation is held back, in seconds.
    public var replySeconds: [String: Double] = [:]
    /// Calls a second that the account is allowed on average; nil for no limit.
    public var callsPerSecond: Double? = 40
    /// Calls that may come at once.
    public var burst = 80.0

    /// Until GetCommandInvocation knows of an invocation.
    public var invocationSeconds = 0.15
    /// Until ListCommandInvocations shows it.
    public var listingSeconds = 0.3
    /// Until the agent has the command.
    public var deliverySeconds = 0.1
    /// Until the agent's result is known.
    public var reportSeconds = 0.1
    /// What the time after which an undelivered command expires is multiplied with: the least that AWS knows is half a minute.
    public var expiryFactor = 1.0

    /// How many of the next commands are delivered a second time.
    public var duplicates = 0
    /// When the second delivery comes, in seconds after the first.
    public var duplicateSeconds = 0.0
    /// In how many of the next runs the agent restarts, and runs the command again that it finds in progress.
    public var restarts = 0
    /// When it restarts, in seconds after the run began.
    public var restartSeconds = 0.3
    /// Whether the restart kills what was running, as that of the whole host does.
    public var restartKills = true
    /// A cancelled command runs on to its end.
    public var ignoresCancels = false

    /// By instance id; online where nothing is said.
    public var hosts: [String: HostState] = [:]
    /// By instance id: what becomes of its invocations without anything being run.
    public var outcomes: [String: Outcome] = [:]
    /// Details are spelled as the console does: `In Progress`, `Delivery Timed Out`.
    public var spacedDetails = false

    public init() {}
}
