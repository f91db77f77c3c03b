/// How the rollout's allowances bear on what an engine begins.
enum Places: Sendable {
    /// A person named the tenant: they bear on nothing.
    case free
    /// Looked up anew at the moment in which a step takes one, for another loop may have taken the last since this one's round began.
    case asked
    /// Given out by who holds this lease of the fleet's stream, and only while he does.
    case given(Lease)
}

extension Engine {
    /// The same engine, which begins nothing that would be more than the plan allows in motion or exposed: it throws `.noPlace` then.
    func askingForPlaces() -> Engine {
        var engine = self
        engine.places = .asked
        return engine
    }

    func giving(places lease: Lease) -> Engine {
        var engine = self
        engine.places = .given(lease)
        return engine
    }

    /// What the tenant would take by having `changes` recorded.
    func needs(of changes: [Event.Change], _ standing: Standing) -> Needs {
        let needs = { standing.needs(standing.status(under: plan, catalog: catalog), under: plan, catalog: catalog, now: time.now) }
        switch changes.last {
        case .started?, .waitBegan?: return needs()
        // A shut gate sets in motion who was at rest, and exposes nobody.
        case .gateAssessed?: return needs().intersection(.place)
        default: return []
        }
    }

    /// Has `body` record them on that footing, which no other loop can have taken a place of meanwhile.
    func inPlace<Value: Sendable>(
        _ changes: [Event.Change], _ standing: Standing, _ body: (FleetStanding, Footing) async throws(EngineError) -> Value
    ) async throws(EngineError) -> Value {
        switch places {
        case .given(let lease):
            return try await undisturbed { () async throws(EngineError) in
                let fleet = try await fleetStanding()
                return try await body(fleet, fleet.footing(lease))
            }
        case .asked where !needs(of: changes, standing).isEmpty:
            let needs = needs(of: changes, standing)
            return try await decidingForFleet { (fleet, lease) async throws(EngineError) in
                try await requireRoom(for: needs)
                return try await body(fleet, fleet.footing(lease))
            }
        case .asked, .free:
            return try await undisturbed { () async throws(EngineError) in
                let fleet = try await fleetStanding()
                return try await body(fleet, fleet.footing())
            }
        }
    }

    /// The lines of all tenants are as their streams are: each is stored with the events that it comes from.
    private func requireRoom(for needs: Needs) async throws(EngineError) {
        let lines: [TenantStatus]
        do { lines = try await journal.statuses() } catch { throw .journal(error) }
        let here = Set(fleet.tenants.map(\.id))
        let spent = Spending(lines.filter { here.contains($0.tenant) }, under: plan.rollout)
        if needs.contains(.place), spent.inMotion >= plan.rollout.atOnce { throw .noPlace(.full(atOnce: plan.rollout.atOnce)) }
        if needs.contains(.exposure), spent.exposed >= plan.rollout.exposed { throw .noPlace(.exposed(allowed: plan.rollout.exposed)) }
    }
}
