import ArgumentParser
import Cutover

struct Hold: Command {
    static let configuration = CommandConfiguration(
        abstract: "Stops tenants, a wave or the fleet: nothing new begins until they are released.",
        discussion: "A held wave or fleet holds whoever joins it as well. A file cutover.hold beside the journal (or CUTOVER_HOLD_FILE) holds the fleet too; its first line says why.")

    @OptionGroup var chosen: WholeFleetOptions
    @Option(help: "Why; it is recorded.")
    var reason: String
    @OptionGroup var inputs: InputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
        let site = try await Wiring(inputs, console).site(ifMissing: .begin, asking: false)
        let tenants = try chosen.tenants(of: site)
        if let scope = chosen.scope {
            try await site.engine.holdFleet(wave: scope.wave, reason: reason)
            console.note("\(scope.words): held, and whoever joins")
        } else {
            for tenant in tenants {
                try await site.engine.hold(tenant, reason: reason)
                console.note("\(tenant): held")
            }
        }
        for tenant in tenants { try await WorkHold(site: site, console: console).set(tenant, by: "by \(site.engine.me): \(reason)", reason: reason) }
        return .done
    }
}

struct Release: Command {
    static let configuration = CommandConfiguration(
        abstract: "Lets held tenants, a held wave or a held fleet go on.", discussion: "What was held by itself is released by itself: a wave's release leaves a tenant held that was named.")

    @OptionGroup var chosen: WholeFleetOptions
    @Option(help: "Why; it is recorded.")
    var reason: String
    @OptionGroup var inputs: InputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
        let wiring = try Wiring(inputs, console)
        let site = try await wiring.site(ifMissing: .refuse, asking: false)
        let tenants = try chosen.tenants(of: site)
        let scope = chosen.scope
        if let scope {
            if try await site.engine.fleetStanding().holds.contains(where: { $0.wave == scope.wave }) {
                try await site.engine.releaseFleet(wave: scope.wave, reason: reason)
                console.note("\(scope.words): released")
            } else {
                console.note("\(scope.words): nobody holds it")
            }
        }
        for tenant in tenants {
            if let hold = try await site.engine.standing(of: tenant).hold {
                guard scope == nil else {
                    console.note("\(tenant) is still held by \(hold.by): \(hold.reason); cutoverctl release \(tenant) --reason TEXT")
                    continue
                }
                try await site.engine.release(tenant, reason: reason)
                console.note("\(tenant): released")
            } else if scope == nil {
                console.note("\(tenant): nobody holds it")
            }
            if let hold = try await site.engine.holdOverAll(tenant) {
                console.note("\(tenant) is still held by \(hold.by): \(hold.reason); \(hold.next)")
                continue
            }
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

    /// A wave or the fleet, held as one; nil for named tenants.
    var scope: (wave: String?, words: String)? {
        if let wave = some.wave { return (wave, "wave \(wave)") }
        return all ? (nil, "the fleet") : nil
    }

    func tenants(of site: Wiring.Site) throws(CommandFailure) -> [TenantID] {
        if all, some.tenants.isEmpty, some.wave == nil { return site.fleet.tenants.map(\.id) }
        guard !all, !(some.tenants.isEmpty && some.wave == nil) else {
            throw CommandFailure("no tenant is selected", why: "name tenants, or --wave W, or --all: one of the three", next: "cutoverctl status", status: .usage)
        }
        return try site.choice.tenants(some.tenants, wave: some.wave)
    }
}
