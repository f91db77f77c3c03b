import Cutover

/// What happened to one tenant, event by event.
struct HistoryView {
    let tenant: TenantID
    let events: [EventRecord]

    func human(_ paint: Paint) -> String {
        if events.isEmpty { return "nothing is recorded about \(tenant)" }
        var table = Table(["#", "AT", "BY", "WHAT", "STEP", "FACTS"])
        for event in events {
            let place = event.step.map { $0.split(separator: "/").dropFirst().joined(separator: "/") } ?? "-"
            let facts = event.kind == "clockRead" ? "stretches from \(event.facts["from"] ?? "0") on, below" : event.facts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
            table.add(
                [String(event.revision), PlainText.moment(event.at), event.by.text, event.kind, place, facts],
                paint: [3: { ["failed", "becameUnknown", "quarantined", "abandoned", "waived"].contains(event.kind) ? paint.red($0) : $0 }])
        }
        return table.text + clocks.map { clock in
            let sum = "\(clock.step.place): \(clock.coveredMilliseconds / 1000) s counted since \(PlainText.moment(clock.at.description))" + ClockView.skew(clock)
            return "\n\n\(sum)\n" + ClockView.lines(clock).map { "  \($0)" }.joined(separator: "\n")
        }.joined()
    }

    /// Recomputed from the events alone.
    private var clocks: [ClockHistory.Clock] { ClockHistory(events.compactMap { $0.event() }).clocks.filter { !$0.stretches.isEmpty } }

    func json() throws -> String {
        try JSONText.document(Document(tenant: tenant, events: events.map(Line.init), clocks: clocks.map { ClockView.Document($0) }))
    }

    private struct Document: Encodable {
        let formatVersion = 1
        let tenant: TenantID
        let events: [Line]
        let clocks: [ClockView.Document]
    }

    /// An event with every key, `step` too where it concerns none.
    private struct Line: Encodable {
        enum Key: String, CodingKey { case revision, at, by, kind, step, facts, fence, hash, previous }
        let event: EventRecord
        init(_ event: EventRecord) { self.event = event }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
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
