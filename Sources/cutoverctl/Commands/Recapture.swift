import ArgumentParser
import Cutover
import Phases

struct Recapture: Command {
    static let configuration = CommandConfiguration(
        abstract: "Puts change capture back where it was switched off or its table replaced, and looks at every memory again.",
        discussion: "Refused while memories that were in step are absent from one store, unless --confirm says that they count as forgotten.")

    @Argument(help: "The tenant.")
    var tenant: String
    @Option(help: "Why; it is recorded.")
    var reason: String
    @Option(help: "The tenant once more: memories that are absent from one store count as forgotten there.")
    var confirm: String?
    @OptionGroup var inputs: InputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .refuse, asking: false)
        let tenant = try site.choice.tenant(tenant)
        let accepting = confirm == tenant.text
        let result = try await site.engine.carryOut(
            CaptureAnew(acceptingAbsent: accepting, table: LegacyTable.of(site.plan)[0]), on: tenant, reason: reason, facts: Evidence(["acceptingAbsent": String(accepting)])
        ) { Evidence(["queued": String($0.queued)]) }.get()
        console.note("\(tenant): captured again; \(result.queued) memories are looked at")
        return .done
    }
}
