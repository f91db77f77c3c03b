/// Where every stream stood at one moment, signed: kept elsewhere, it shows whether anything that stood then was changed since, to whoever can edit
/// the journal and compute its hashes anew as well. It holds hashes and no event.
public struct JournalCheckpoint: Sendable, Codable, Equatable {
    public let cutoverCheckpoint: Int
    public let journal: JournalID
    public let at: Timestamp
    public let by: OperatorID
    public let events: Int
    public let heads: [JournalRecords.Head]
    public let key: VerifyingKey
    public let signature: String

    /// Throws only where the machine's randomness does.
    public init(_ opened: JournalRecords, at: Timestamp, by: OperatorID, key: SigningKey) throws {
        (cutoverCheckpoint, journal, self.at, self.by) = (1, opened.journal, at, by)
        (events, heads, self.key) = (opened.records.count, opened.heads, key.verifying)
        signature = try key.sign(Self.text(opened.journal, at, by, opened.records.count, opened.heads))
    }

    /// False where anything of it was changed. Whose the key is, it does not tell: hold `key` against what you know.
    public var isSigned: Bool { cutoverCheckpoint == 1 && key.isValid(signature, over: Self.text(journal, at, by, events, heads)) }

    /// What of the journal is no longer as it stood then. That the journal has gone on since is none.
    public func flaws(in opened: JournalRecords) -> [JournalAudit.Flaw] {
        guard opened.journal == journal else { return [JournalAudit.Flaw(stream: .all, revision: 0, what: "another journal: the checkpoint is of \(journal), and this is \(opened.journal)")] }
        var wanted = Dictionary(heads.map { ($0.stream, $0) }) { first, _ in first }
        var flaws: [JournalAudit.Flaw] = []
        for record in opened.records {
            guard let head = wanted[record.stream], head.revision == record.revision else { continue }
            wanted[record.stream] = nil
            if record.hash != head.hash { flaws.append(JournalAudit.Flaw(stream: record.stream, revision: record.revision, what: "edited since \(at): its hash, or that of one before it, was another")) }
        }
        for head in wanted.values { flaws.append(JournalAudit.Flaw(stream: head.stream, revision: head.revision, what: "removed since \(at): the stream went as far as that")) }
        return flaws.sorted { ($0.stream, $0.revision) < ($1.stream, $1.revision) }
    }

    /// Each part carries its length, so that no two checkpoints spell the same text.
    private static func text(_ journal: JournalID, _ at: Timestamp, _ by: OperatorID, _ events: Int, _ heads: [JournalRecords.Head]) -> String {
        let parts = ["cutover checkpoint 1", journal.text, at.description, by.text, String(events)] + heads.flatMap { [$0.stream.text, String($0.revision), $0.hash] }
        return parts.map { "\($0.utf8.count):\($0)" }.joined(separator: ",")
    }
}
