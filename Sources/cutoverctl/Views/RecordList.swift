import Cutover

/// Events of one stream or of many, as rows: for spreadsheets and programs of others.
struct RecordList {
    let records: [EventRecord]

    static let columns = ["tenant", "revision", "at", "by", "kind", "step", "facts", "fence", "hash", "previous"]

    func human(_ paint: Paint) -> String {
        if records.isEmpty { return "nothing of the kind is recorded" }
        var table = Table(["AT", "TENANT", "#", "BY", "WHAT", "STEP", "FACTS"])
        for record in records {
            table.add(
                [PlainText.moment(record.at), record.stream.text, String(record.revision), record.by.text, record.kind, record.place ?? "-", record.words],
                paint: [4: { record.isGrave ? paint.red($0) : $0 }])
        }
        return table.text
    }

    /// A head, then a row an event; its facts are one cell, a JSON object.
    func csv() throws -> [String] {
        [CSVText.row(Self.columns)]
            + (try records.map { record in
                CSVText.row([
                    record.stream.text, String(record.revision), record.at, record.by.text, record.kind, record.step ?? "", try JSONText.line(record.facts), String(record.fence), record.hash,
                    record.previous,
                ])
            })
    }

    func lines() throws -> [String] { try records.map { try JSONText.line(EventLine(event: $0, namesTenant: true)) } }
    func json() throws -> String { try JSONText.document(Document(events: records.map { EventLine(event: $0, namesTenant: true) })) }

    private struct Document: Encodable {
        let formatVersion = 1
        let events: [EventLine]
    }
}
