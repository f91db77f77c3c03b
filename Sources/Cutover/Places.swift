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
        // Whoever begins is in motion from then on, and asks for nothing more.
        case .planAdopted? where standing.planDigest == nil: return [.place, .exposure]
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
            return try await takingPlace(standing.tenant, needs, body)
        case .asked, .free:
            return try await undisturbed { () async throws(EngineError) in
                let fleet = try await fleetStanding()
                return try await body(fleet, fleet.footing())
            }
        }
    }

    /// Does what `body` says while the tenant's place is kept for it. Throws `.noPlace` where there is none.
    private func takingPlace<Value: Sendable>(
        _ tenant: TenantID, _ needs: Needs, _ body: (FleetStanding, Footing) async throws(EngineError) -> Value
    ) async throws(EngineError) -> Value {
        let joined = await fleetShare.join {
            await fleetTurn.take()
            do throws(EngineError) { return .success(try await fleetLease()) } catch {
                await fleetTurn.leave()
                return .failure(error)
            }
        }
        let outcome: Result<Value, EngineError>
        do throws(EngineError) {
            let lease = try joined.get()
            outcome = .success(
                try await undisturbed { () async throws(EngineError) in
                    let fleet = try await fleetStanding()
                    return try await keepingPlace(tenant, needs) { () async throws(EngineError) in try await body(fleet, fleet.footing(lease)) }
                })
        } catch { outcome = .failure(error) }
        if let lease = await fleetShare.leave() {
            try? await journal.giveBack(lease)
            await fleetTurn.leave()
        }
        return try outcome.get()
    }

    private func keepingPlace<Value: Sendable>(
        _ tenant: TenantID, _ needs: Needs, _ body: () async throws(EngineError) -> Value
    ) async throws(EngineError) -> Value {
        let refused: Rollout.Admission?
        do { refused = try await readers.room.take(needs, for: tenant, in: journal, fleet, plan.rollout) } catch { throw .journal(error) }
        if let refused { throw .noPlace(refused) }
        let value: Result<Value, EngineError>
        do throws(EngineError) { value = .success(try await body()) } catch { value = .failure(error) }
        await readers.room.giveBack(tenant)
        return try value.get()
    }
}
