import ArgumentParser
import Cutover

struct History: Command {
    static let configuration = CommandConfiguration(
        abstract: "What happened to a tenant: who, when, and on what evidence.",
        usage: "cutoverctl history (TENANT | @fleet | --all) [--since T] [--until T] [--step S] [--by PERSON] [--kind K] [-o text|json|jsonl|csv]",
        discussion: """
            The clocks of its waits are recomputed from the events each time; of an export (--from) they come out the same. They are told where nothing
            but the step was narrowed.

            In a spreadsheet's cells what would be taken for a formula begins with an apostrophe.
            """)

    @Argument(help: "The tenant; @fleet for what concerns no single one.")
    var tenant: String?
    @Flag(help: "Of all tenants and of the fleet, in the order of time.")
    var all = false
    @Option(help: "Read this export instead of the journal itself.")
    var from: String?
    @OptionGroup var asked: HistoryOptions
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: ListOptions

    func validate() throws {
        if all == (tenant != nil) { throw ValidationError("name one tenant, or @fleet, or --all") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let filter = try asked.filter(now: Wiring.time.now)
        let source = try await source(console)
        if let tenant { try await show(tenant, source, filter, console) } else { try await showAll(source, filter, console) }
        return .done
    }

    private func source(_ console: Console) async throws -> RecordSource {
        if let from { return .export(Dictionary(grouping: try ExportFile.read(from).records, by: \.stream)) }
        let wiring = try Wiring(inputs, console)
        return .journal(try wiring.journal(ifMissing: .refuse), wiring)
    }

    private func show(_ tenant: String, _ source: RecordSource, _ filter: HistoryFilter, _ console: Console) async throws {
        let records = try await source.records(of: StreamID(tenant))
        if records.isEmpty { try await source.requireKnown(tenant) }
        try filter.requireKnown(records, plans: filter.steps.isEmpty ? [] : try await source.plans())
        let view = HistoryView(tenant: TenantID(tenant), events: records, filter: filter)
        switch output.form {
        case .text: console.show(view.human(console.paint))
        case .json: console.show(try view.json())
        case .jsonl, .csv: try show(RecordList(records: view.events), console)
        }
    }

    /// A stream at a time: of a whole fleet only what is asked for is kept.
    private func showAll(_ source: RecordSource, _ filter: HistoryFilter, _ console: Console) async throws {
        var (found, people, places) = ([EventRecord](), [String: EventRecord](), [String: EventRecord]())
        for name in try await source.names() {
            for record in try await source.records(of: StreamID(name)) {
                people[record.by.text] = record
                for place in record.places where !filter.steps.isEmpty { places[place] = record }
                if filter.admits(record) { found.append(record) }
            }
        }
        try filter.requireKnown(Array(people.values) + Array(places.values), plans: filter.steps.isEmpty ? [] : try await source.plans())
        try show(RecordList(records: found.sorted { ($0.at, $0.stream, $0.revision) < ($1.at, $1.stream, $1.revision) }), console)
    }

    private func show(_ list: RecordList, _ console: Console) throws {
        switch output.form {
        case .text: console.show(list.human(console.paint))
        case .json: console.show(try list.json())
        case .jsonl: for line in try list.lines() { console.show(line) }
        case .csv: for line in try list.csv() { console.show(line) }
        }
    }
}

/// Where a history is read: the journal itself, or an export of it.
enum RecordSource {
    /// With what names the fleet file: its tenants may have no stream yet.
    case journal(any Journal, Wiring)
    case export([StreamID: [EventRecord]])

    func records(of stream: StreamID) async throws -> [EventRecord] {
        switch self {
        case .journal(let journal, _): try await journal.events(in: stream, after: 0).map(EventRecord.init)
        case .export(let streams): streams[stream] ?? []
        }
    }

    /// Of the streams that there are.
    func names() async throws -> [String] {
        switch self {
        case .journal(let journal, _): try await journal.streams().map(\.text)
        case .export(let streams): streams.keys.map(\.text).sorted()
        }
    }

    /// Throws for a name that nobody has. A fleet is read for this alone: a large one takes longer than its journal.
    func requireKnown(_ tenant: String) async throws {
        var known = try await names()
        if case .journal(_, let wiring) = self, wiring.inputs.fleet != nil { known += try wiring.fleet().tenants.map(\.id.text) }
        if !known.contains(tenant) { throw TenantChoice.unknown(tenant, among: Array(Set(known))) }
    }

    /// Those that were ever carried out, as far as this build can read them.
    func plans() async throws -> [Plan] {
        try await records(of: .fleet).compactMap { record in
            guard case .planKept(_, let text)? = record.event()?.change else { return nil }
            return try? CanonicalJSON.value(Plan.self, from: text)
        }
    }
}
