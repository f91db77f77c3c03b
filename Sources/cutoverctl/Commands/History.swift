import ArgumentParser
import Cutover

struct History: Command {
    static let configuration = CommandConfiguration(
        abstract: "What happened to a tenant: who, when, and on what evidence.",
        discussion: "The clocks of its waits are recomputed from the events each time; of an export (--from) they come out the same.")

    @Argument(help: "The tenant; @fleet for what concerns no single one.")
    var tenant: String
    @Option(help: "Read this export instead of the journal itself.")
    var from: String?
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
        if let from {
            let opened = try ExportFile.read(from)
            let records = opened.records.filter { $0.stream == StreamID(tenant) }
            if records.isEmpty { throw TenantChoice.unknown(tenant, among: opened.heads.map(\.stream.text)) }
            let view = HistoryView(tenant: TenantID(tenant), events: records)
            console.show(output.json ? try view.json() : view.human(console.paint))
            return .done
        }
        let wiring = try Wiring(inputs, console)
        let journal = try wiring.journal(ifMissing: .refuse)
        let events = try await journal.events(in: StreamID(tenant), after: 0)
        if events.isEmpty {
            let fleet = wiring.inputs.fleet == nil ? [] : try wiring.fleet().tenants.map(\.id.text)
            let known = fleet + (try await journal.streams()).map(\.text)
            if !known.contains(tenant) { throw TenantChoice.unknown(tenant, among: Array(Set(known))) }
        }
        let view = HistoryView(tenant: TenantID(tenant), events: events.map(EventRecord.init))
        console.show(output.json ? try view.json() : view.human(console.paint))
        return .done
    }
}
