/// One entry of a stream: what changed, when, by whom, under which lease, and the hash of the entry before it.
public struct Event: Sendable, Equatable {
    /// Past participles: what has become true of the tenant.
    public enum Change: Sendable, Equatable {
        case planAdopted(digest: String, name: String, revision: Int, wave: String)
        case gateAssessed(StepRef, claim: String, Gate.Verdict)
        /// A person agreed to a topic: a step's place, `exceptions/<reason>`, `access/gains`, `blocker/<name>`, `stage/A`.
        case approved(topic: String, reason: String, facts: [String: String])
        /// A person set a check of this step aside for a while.
        case waived(StepRef, claim: String, reason: String, facts: [String: String])
        /// The check counts again, whoever set it aside and until when.
        case waiverEnded(StepRef, claim: String, reason: String)
        case started(StepRef, attempt: Int)
        case checkpointed(StepRef, Evidence)
        /// The first half of a step with a grace period is done; the second may begin at `until`.
        case setAside(StepRef, until: Timestamp, Evidence)
        case performed(StepRef, Evidence)
        case verified(StepRef, Finding)
        case failed(StepRef, StepFailure)
        /// The outcome of what was started cannot be told. The step stays in doubt.
        case becameUnknown(StepRef, detail: String)
        case waitBegan(StepRef)
        /// A wait that an earlier journal began goes on in this one, under the id by which its host records samples. When it began is that host's word.
        case waitResumed(StepRef, began: OperationID, since: Timestamp)
        case tended(StepRef, reason: String)
        /// What a wait's samples came to, from the stretch of that number on: every day, and every time something else than more of the same.
        /// Their times are the host's own; `skew` tells how far its clock was from ours then.
        case clockRead(StepRef, from: Int, [Stretch], skew: ClockSkew? = nil)
        /// A finished step was looked at again and found otherwise than it was last: gone, half gone, or back in place. Nothing is opened by it.
        case rechecked(StepRef, Finding)
        case revertRequested(to: StepID?, reason: String)
        case revertStarted(StepRef, attempt: Int)
        case reverted(StepRef, Evidence)
        case reopened(reason: String)
        case held(reason: String)
        case released(reason: String)
        /// Host, database and journal do not remember the same: nothing more is done to the tenant.
        case quarantined(reason: String)
        /// A person looked after a quarantined tenant and took it in again; what is no longer in place is recorded behind it.
        case recovered(reason: String, Evidence)
        /// A person gave up a step's outcome, or, without a step, the tenant.
        case abandoned(StepRef?, reason: String, facts: [String: String])
        case waveOpened(name: String, tenants: [TenantID])
        /// What a plan said, so that what a later revision changes can be told.
        case planKept(digest: String, text: String)
        /// A person stopped a wave, or the whole fleet: also those who join it later. In the fleet's stream.
        case fleetHeld(wave: String?, reason: String)
        case fleetReleased(wave: String?, reason: String)
        /// A saved preview is being carried out on these tenants, and never will be again. In the fleet's stream, then in each tenant's.
        case previewUsed(String, plan: String, tenants: [TenantID])
        /// A person asked for a writing operation outside of any step.
        case errandBegan(OperationKind, reason: String, Evidence)
        case errandEnded(OperationKind, Evidence)
        case errandFailed(OperationKind, StepFailure)
        /// A person asked for another limit or mark on the host, or for a trial there, beside whatever step is under way.
        case adjustmentAsked(OperationKind, reason: String, Evidence)
        /// `done`, or why it was not.
        case adjustmentAnswered(OperationKind, outcome: String)
    }

    public let stream: StreamID
    public let revision: Int
    public let at: Timestamp
    public let by: OperatorID
    /// The fencing number of the lease it was written under; 0 for a person's note, which needs no lease.
    public let fence: Int
    public let change: Change
    public let previous: String
    public let hash: String

    /// Chains the event to `previous`.
    public init(stream: StreamID, revision: Int, at: Timestamp, by: OperatorID, fence: Int, change: Change, previous: String) {
        self.stream = stream
        self.revision = revision
        self.at = at
        self.by = by
        self.fence = fence
        self.change = change
        self.previous = previous
        self.hash = EventRecord.hash(
            stream: stream, revision: revision, at: at.description, by: by, fence: fence, kind: change.kind,
            step: change.ref?.description, facts: change.facts, previous: previous)
    }

    /// What stands before the first event of a stream: it binds the stream to its journal and its name.
    public static func genesis(of stream: StreamID, in journal: JournalID) -> String {
        Digest.sha256("cutover journal \(journal) stream \(stream)")
    }
}

/// The stored form of an event: flat, all facts text, so that it can be hashed, shown and read by others.
public struct EventRecord: Sendable, Codable, Equatable {
    public let stream: StreamID
    public let revision: Int
    public let at: String
    public let by: OperatorID
    public let fence: Int
    public let kind: String
    public let step: String?
    public let facts: [String: String]
    public let previous: String
    public let hash: String

    public init(
        stream: StreamID, revision: Int, at: String, by: OperatorID, fence: Int, kind: String, step: String?,
        facts: [String: String], previous: String, hash: String
    ) {
        self.stream = stream
        self.revision = revision
        self.at = at
        self.by = by
        self.fence = fence
        self.kind = kind
        self.step = step
        self.facts = facts
        self.previous = previous
        self.hash = hash
    }

    public init(_ event: Event) {
        self.init(
            stream: event.stream, revision: event.revision, at: event.at.description, by: event.by, fence: event.fence,
            kind: event.change.kind, step: event.change.ref?.description, facts: event.change.facts,
            previous: event.previous, hash: event.hash)
    }

    /// Nil when the kind is not one that this build knows, or its facts are not whole.
    public func event() -> Event? {
        guard let at = Timestamp(at), let change = Event.Change(kind: kind, step: step.flatMap(StepRef.init), facts: facts) else { return nil }
        let event = Event(stream: stream, revision: revision, at: at, by: by, fence: fence, change: change, previous: previous)
        return event.hash == hash ? event : nil
    }

    /// The hash that these fields must have.
    public var computedHash: String {
        Self.hash(stream: stream, revision: revision, at: at, by: by, fence: fence, kind: kind, step: step, facts: facts, previous: previous)
    }

    static func hash(
        stream: StreamID, revision: Int, at: String, by: OperatorID, fence: Int, kind: String, step: String?,
        facts: [String: String], previous: String
    ) -> String {
        // Each part carries its length, so that no two different events can spell the same text.
        var parts = [stream.text, String(revision), at, by.text, String(fence), kind, step ?? "", previous]
        for (key, value) in facts.sorted(by: { $0.key < $1.key }) { parts += [key, value] }
        return Digest.sha256(parts.map { "\($0.utf8.count):\($0)" }.joined(separator: ","))
    }
}
