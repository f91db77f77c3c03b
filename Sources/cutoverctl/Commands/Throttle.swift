import ArgumentParser
import Cutover
import Phases

struct ThrottleCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "throttle", abstract: "Shows what limits a tenant's copy, or changes it while it runs.",
        discussion: "A limit of 0 (or --pause-file none) takes the limit away; --afresh lets the plan's limits count again. The watch follows within a second, without a restart.")

    @Argument(help: "The tenant.")
    var tenant: String
    @Option(help: "How many sessions may be at work in the tenant's cluster, ours left out.")
    var connections: Int?
    @Option(name: .customLong("replication-lag"), help: "How far standbys may be behind: 5s, 500ms.")
    var replicationLag: String?
    @Option(name: .customLong("door-p95"), help: "How long a recall through the agents' own door may take: 250ms.")
    var doorP95: String?
    @Option(help: "Rest after each chunk, as a multiple of the time it took: 0.5.")
    var nice: Double?
    @Option(name: .customLong("pause-file"), help: "A file on the tenant's host that stops the copy and the looks while it is there; or none.")
    var pauseFile: String?
    @Flag(help: "Forget what was changed before: the plan's limits count again.")
    var afresh = false
    @Option(help: "Why; it is recorded.")
    var reason: String?
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let connections, connections < 0 { throw ValidationError("--connections is a number of sessions, 0 for no limit") }
        if let nice, !(0...100).contains(nice) { throw ValidationError("--nice is a number from 0 to 100") }
        for (name, text) in [("--replication-lag", replicationLag), ("--door-p95", doorP95)] {
            if let text, milliseconds(text) == nil { throw ValidationError("\(name) is a duration such as 250ms or 5s, 0 for no limit") }
        }
        if changes, (reason ?? "").isEmpty { throw ValidationError("a change wants --reason TEXT: it is recorded") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: changes ? .refuse : .standIn, asking: !changes)
        let tenant = try site.choice.tenant(tenant)
        guard changes else {
            let told = try await site.engine.ask(WatchProgress(table: LegacyTable.of(site.plan)[0]), of: tenant).get()
            let view = WatchView(tenant: tenant, told: told)
            console.show(output.json ? try view.json() : view.limits())
            return .done
        }
        let change = ChangeThrottle(
            connections: connections, replicationLagMilliseconds: replicationLag.flatMap(milliseconds), doorP95Milliseconds: doorP95.flatMap(milliseconds), nice: nice,
            pauseFile: pauseFile.map { $0 == "none" ? "" : $0 }, afresh: afresh)
        let result = try await site.engine.adjust(tenant, change, reason: reason ?? "", facts: Evidence(facts)).get()
        console.note("\(tenant): \(result.limits)")
        return .done
    }

    private var changes: Bool { afresh || connections != nil || replicationLag != nil || doorP95 != nil || nice != nil || pauseFile != nil }

    private func milliseconds(_ text: String) -> Int? { text == "0" ? 0 : Settings(["t": .text(text)]).milliseconds("t") }

    private var facts: [String: String] {
        var facts = [
            "connections": connections.map(String.init), "replicationLag": replicationLag, "doorP95": doorP95, "nice": nice.map { String($0) }, "pauseFile": pauseFile,
        ].compactMapValues { $0 }
        if afresh { facts["afresh"] = "true" }
        return facts
    }
}
