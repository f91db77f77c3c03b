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

    func lines() throws -> [String] { try records.map { try JSONText.line(Line($0)) } }
    func json() throws -> String { try JSONText.document(Document(events: records.map { Line($0) })) }

    private struct Document: Encodable {
        let formatVersion = 1
        let events: [Line]
    }

    /// An event with its tenant and every key, `step` too where it concerns none.
    private struct Line: Encodable {
        enum Key: String, CodingKey { case tenant, revision, at, by, kind, step, facts, fence, hash, previous }
        let event: EventRecord
        init(_ event: EventRecord) { self.event = event }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(event.stream, forKey: .tenant)
            try container.encode(event.revision, forKey: .revision)
            try container.encode(event.at, forKey: .at)
            try container.encode(event.by, forKey: .by)
            try container.encode(event.kind, forKey: .kind)
            try container.encode(event.step, forKey: .step)
            try container.encode(event.facts, forKey: .facts)
            try container.encode(event.fence, forKey: .fence)
            try container.encode(event.hash, forKey: .hash)
            try container.encode(event.previous, forKey: .previous)
        }
    }
}
