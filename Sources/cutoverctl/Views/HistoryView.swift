import Cutover

/// What happened to one tenant, event by event.
struct HistoryView {
    let tenant: TenantID
    /// Those that were asked for.
    let events: [EventRecord]
    /// How many are on record.
    private let recorded: Int
    /// Recomputed from the events alone, from all of them.
    private let clocks: [ClockHistory.Clock]

    init(tenant: TenantID, events: [EventRecord], filter: HistoryFilter = .everything) {
        self.tenant = tenant
        self.events = events.filter(filter.admits)
        recorded = events.count
        clocks = filter.tellsClocks ? ClockHistory(events.compactMap { $0.event() }).clocks.filter { !$0.stretches.isEmpty && filter.concerns($0.step.place) } : []
    }

    func human(_ paint: Paint) -> String {
        if events.isEmpty { return recorded == 0 ? "nothing is recorded about \(tenant)" : "of \(recorded) events about \(tenant) none is such a one" }
        var table = Table(["#", "AT", "BY", "WHAT", "STEP", "FACTS"])
        for event in events {
            let facts = event.kind == "clockRead" && !clocks.isEmpty ? "stretches from \(event.facts["from"] ?? "0") on, below" : event.words
            table.add([String(event.revision), PlainText.moment(event.at), event.by.text, event.kind, event.place ?? "-", facts], paint: [3: { event.isGrave ? paint.red($0) : $0 }])
        }
        return table.text + clocks.map { clock in
            let sum = "\(clock.step.place): \(clock.coveredMilliseconds / 1000) s counted since \(PlainText.moment(clock.at.description))" + ClockView.skew(clock)
            return "\n\n\(sum)\n" + ClockView.lines(clock).map { "  \($0)" }.joined(separator: "\n")
        }.joined()
    }

    func json() throws -> String {
        try JSONText.document(Document(tenant: tenant, events: events.map { EventLine(event: $0) }, clocks: clocks.map { ClockView.Document($0) }))
    }

    private struct Document: Encodable {
        let formatVersion = 1
        let tenant: TenantID
        let events: [EventLine]
        let clocks: [ClockView.Document]
    }
}

extension EventRecord {
    /// The step's, without the tenant.
    var place: String? { step.map { $0.split(separator: "/").dropFirst().joined(separator: "/") } }
    /// What a person looks for first.
    var isGrave: Bool { ["failed", "becameUnknown", "quarantined", "abandoned", "waived"].contains(kind) }
    /// Its facts on one line.
    var words: String { facts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ") }
}
