import ArgumentParser
import Cutover

struct History: Command {
    static let configuration = CommandConfiguration(abstract: "What happened to a tenant: who, when, and on what evidence.")

    @Argument(help: "The tenant; @fleet for what concerns no single one.")
    var tenant: String
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
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
