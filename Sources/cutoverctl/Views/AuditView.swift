import Cutover

/// What a check of the journal's chain, and of what people signed in it, found.
struct AuditView {
    let journal: JournalID
    let audit: JournalAudit
    let signatures: SignatureAudit

    var status: CommandExit { audit.flaws.isEmpty && signatures.forged.isEmpty ? .done : .failed }

    func human(_ paint: Paint) -> String {
        let sum = "journal \(journal): \(audit.events) events in \(audit.streams) streams"
        var parts: [String] = []
        if audit.flaws.isEmpty {
            parts.append("\(sum), \(paint.green("the chain is whole"))")
        } else {
            var table = Table(["STREAM", "REVISION", "WHAT"])
            for flaw in audit.flaws { table.add([flaw.stream.text, String(flaw.revision), flaw.what]) }
            parts.append("\(sum), \(paint.red("\(audit.flaws.count) flaws"))\n\(table.text)")
        }
        if signatures.fit > 0 { parts.append("\(signatures.fit) signatures fit") }
        if !signatures.forged.isEmpty { parts.append("\(paint.red("given up, and not by a signature that fits"))\n\(Self.table(signatures.forged))") }
        if !signatures.uncounted.isEmpty { parts.append("\(paint.yellow("these do not fit, and never counted"))\n\(Self.table(signatures.uncounted))") }
        return parts.joined(separator: "\n")
    }

    private static func table(_ words: [SignatureAudit.Word]) -> String {
        var table = Table(["STREAM", "REVISION", "BY", "TOPIC", "WHAT"])
        for word in words { table.add([word.stream.text, String(word.revision), word.by.text, word.topic, word.what]) }
        return table.text
    }

    func json() throws -> String {
        try JSONText.document(
            Document(
                journal: journal, events: audit.events, streams: audit.streams, flaws: audit.flaws,
                signatures: .init(fit: signatures.fit, forged: signatures.forged, uncounted: signatures.uncounted)))
    }

    private struct Document: Encodable {
        struct Signatures: Encodable {
            let fit: Int
            let forged: [SignatureAudit.Word]
            let uncounted: [SignatureAudit.Word]
        }
        let formatVersion = 1
        let journal: JournalID
        let events: Int
        let streams: Int
        let flaws: [JournalAudit.Flaw]
        let signatures: Signatures
    }
}
