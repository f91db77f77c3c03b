/// Sent along with an operation: it is not carried out where the host's ledger, its database and the journal do not remember the same, for
/// then one of them was put back to what it was before.
public struct Accord: Sendable, Codable, Equatable {
    /// The newest operation of this tenant's host that the journal has as done.
    public let remembers: OperationID?
    public init(remembers: OperationID?) { self.remembers = remembers }
}

/// What a host said that concerns all of its tenant, and not only the step that happened to ask.
actor Alarm {
    private(set) var reason: String?
    func raise(_ reason: String) { self.reason = self.reason ?? reason }
}

/// What a host's own ledger remembers.
public struct ReadHostLedger: Reading {
    public static let kind: OperationKind = "host.ledger"
    public struct Result: Sendable, Codable, Equatable {
        /// The journal that the host belongs to; nil for a host that has carried nothing out yet.
        public let journal: JournalID?
        /// The highest fencing number it has seen.
        public let fence: Int
        /// Why ledger and database do not remember the same; nil where they do.
        public let disagreement: String?
        public init(journal: JournalID?, fence: Int, disagreement: String?) {
            self.journal = journal
            self.fence = fence
            self.disagreement = disagreement
        }
    }
    public init() {}
}

/// A host that is no tenant's takes what is asked of it for this tenant from the asking journal from now on.
public struct BindHost: Writing {
    public static let kind: OperationKind = "host.bind"
    public static let once = Once.convergent
    public struct Result: Sendable, Codable, Equatable {
        public init() {}
    }
    /// The journal that its folder for the tenant was seen to belong to.
    public let from: JournalID?
    public init(from: JournalID?) { self.from = from }
}

/// From now on host, database and journal remember the same again: what each of them had is let go. The host belongs to the asking journal.
public struct TakeHostOver: Writing {
    public static let kind: OperationKind = "host.takeOver"
    public static let once = Once.convergent
    public struct Result: Sendable, Codable, Equatable {
        public let was: String
        public init(was: String) { self.was = was }
    }
    /// The journal that the host was seen to belong to.
    public let from: JournalID?
    public init(from: JournalID?) { self.from = from }
}
