import ArgumentParser
import Cutover

struct Hold: Command {
    static let configuration = CommandConfiguration(abstract: "Stops tenants: nothing new begins until they are released.")

    @OptionGroup var chosen: WholeFleetOptions
    @Option(help: "Why; it is recorded.")
    var reason: String
    @OptionGroup var inputs: InputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .begin, asking: false)
        for tenant in try chosen.tenants(of: site) {
            try await site.engine.hold(tenant, reason: reason)
            console.note("\(tenant): held")
            try await WorkHold(site: site, console: console).set(tenant, by: "by \(site.engine.me): \(reason)", reason: reason)
        }
        return .done
    }
}

struct Release: Command {
    static let configuration = CommandConfiguration(abstract: "Lets held tenants go on.")

    @OptionGroup var chosen: WholeFleetOptions
    @Option(help: "Why; it is recorded.")
    var reason: String
    @OptionGroup var inputs: InputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .refuse, asking: false)
        for tenant in try chosen.tenants(of: site) {
            if try await site.engine.standing(of: tenant).hold == nil {
                console.note("\(tenant): nobody holds it")
                continue
            }
            try await site.engine.release(tenant, reason: reason)
            console.note("\(tenant): released")
            try await WorkHold(site: site, console: console).set(tenant, by: nil, reason: reason)
        }
        return .done
    }
}

/// Tenants, a wave, or all: one of them has to be said.
struct WholeFleetOptions: ParsableArguments {
    @OptionGroup var some: TenantOptions
    @Flag(name: .customLong("all"), help: "All tenants of the fleet.")
    var all = false

    func tenants(of site: Wiring.Site) throws(CommandFailure) -> [TenantID] {
        if all, some.tenants.isEmpty, some.wave == nil { return site.fleet.tenants.map(\.id) }
        guard !all, !(some.tenants.isEmpty && some.wave == nil) else {
            throw CommandFailure("no tenant is selected", why: "name tenants, or --wave W, or --all: one of the three", next: "cutoverctl status", status: .usage)
        }
        return try site.choice.tenants(some.tenants, wave: some.wave)
    }
}
