import Cutover

/// A checkpoint that was made, or what became of the journal since one.
struct CheckpointView {
    let file: String
    let checkpoint: JournalCheckpoint
    let flaws: [JournalAudit.Flaw]
    /// Its signature fits, and is by whom it has to be.
    let isSignedAsTold: Bool
    let isNew: Bool

    var status: CommandExit { isSignedAsTold && flaws.isEmpty ? .done : .failed }

    func human(_ paint: Paint) -> String {
        let by = "by \(PlainText.line(checkpoint.by.text)) with \(checkpoint.key.fingerprint)"
        var lines = ["\(file): journal \(checkpoint.journal) at \(PlainText.moment(checkpoint.at.description)), \(checkpoint.events) events in \(checkpoint.heads.count) streams, signed \(by)"]
        if isNew { lines.append("keep it where nobody who can write the journal can reach it; check with cutoverctl journal checkpoint \(file) --check") }
        if !isSignedAsTold { lines.append(paint.red("its signature does not fit, or is somebody else's: it proves nothing")) }
        if flaws.isEmpty { if !isNew, isSignedAsTold { lines.append(paint.green("nothing that stood then was changed")) } } else {
            var table = Table(["STREAM", "REVISION", "WHAT"])
            for flaw in flaws { table.add([flaw.stream.text, String(flaw.revision), flaw.what]) }
            lines.append("\(paint.red("\(flaws.count) flaws"))\n\(table.text)")
        }
        return lines.joined(separator: "\n")
    }

    func json() throws -> String {
        try JSONText.document(
            Document(
                journal: checkpoint.journal, at: checkpoint.at, by: checkpoint.by, key: checkpoint.key.fingerprint, signed: isSignedAsTold, events: checkpoint.events,
                streams: checkpoint.heads.count, flaws: flaws))
    }

    private struct Document: Encodable {
        let formatVersion = 1
        let journal: JournalID
        let at: Timestamp
        let by: OperatorID
        let key: String
        let signed: Bool
        let events: Int
        let streams: Int
        let flaws: [JournalAudit.Flaw]
    }
}
