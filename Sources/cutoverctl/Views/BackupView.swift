import Cutover

/// A copy of the journal that was written and read back.
struct BackupView {
    let file: String
    let journal: JournalID
    let audit: JournalAudit

    func human(_ paint: Paint) -> String {
        let sum = "\(file): journal \(journal), \(audit.events) events in \(audit.streams) streams"
        if audit.flaws.isEmpty { return "\(sum), \(paint.green("copied and read back, the chain is whole"))" }
        return "\(sum), \(paint.red("\(audit.flaws.count) flaws, which the journal has as well")): cutoverctl journal verify"
    }

    func json() throws -> String { try JSONText.document(Document(file: file, journal: journal, events: audit.events, streams: audit.streams, flaws: audit.flaws)) }

    private struct Document: Encodable {
        let formatVersion = 1
        let file: String
        let journal: JournalID
        let events: Int
        let streams: Int
        let flaws: [JournalAudit.Flaw]
    }
}
