import Cutover

/// What a check of the journal's chain found.
struct AuditView {
    let journal: JournalID
    let audit: JournalAudit

    var status: CommandExit { audit.flaws.isEmpty ? .done : .failed }

    func human(_ paint: Paint) -> String {
        let sum = "journal \(journal): \(audit.events) events in \(audit.streams) streams"
        if audit.flaws.isEmpty { return "\(sum), \(paint.green("the chain is whole"))" }
        var table = Table(["STREAM", "REVISION", "WHAT"])
        for flaw in audit.flaws { table.add([flaw.stream.text, String(flaw.revision), flaw.what]) }
        return "\(sum), \(paint.red("\(audit.flaws.count) flaws"))\n\(table.text)"
    }

    func json() throws -> String {
        try JSONText.document(Document(journal: journal, events: audit.events, streams: audit.streams, flaws: audit.flaws))
    }

    private struct Document: Encodable {
        let formatVersion = 1
        let journal: JournalID
        let events: Int
        let streams: Int
        let flaws: [JournalAudit.Flaw]
    }
}
