/// Letting tenants begin, which several operators may want to do at once.
extension Engine {
    /// Who may take a step now, and what came of those that have just begun. Opening a wave and the first decision of whoever begins are
    /// taken while no other operator decides the same: from then on it counts as in motion.
    /// - Parameters:
    ///   - tenants: whom to let begin; the budget looks at all.
    ///   - begin: takes one decision, with the engine it is handed.
    public func admit<Value: Sendable>(
        _ tenants: [TenantID], begin: @escaping @Sendable (Engine, TenantID) async -> Value
    ) async throws(EngineError) -> ([TenantID: Rollout.Admission], [TenantID: Value]) {
        try await admit(tenants, scene: { (fleet) async throws(EngineError) in try await scene(fleet) }, begin: begin)
    }

    /// - Parameters:
    ///   - scene: what is known of the fleet, from who keeps it: it must be as the journal is.
    ///   - atOnce: how many may begin at the same time.
    public func admit<Value: Sendable>(
        _ tenants: [TenantID], scene: (FleetStanding) async throws(EngineError) -> Rollout.Scene, atOnce: Int = 1, begin: @escaping @Sendable (Engine, TenantID) async -> Value
    ) async throws(EngineError) -> ([TenantID: Rollout.Admission], [TenantID: Value]) {
        // Mostly nobody is about to begin, and then nothing has to be settled with others.
        let seen = try await decide(tenants, try await scene(try await fleetStanding()))
        if stopper() != nil || (seen.opens.isEmpty && seen.beginners.isEmpty) { return (seen.admissions, [:]) }
        return try await decidingForFleet { (fleet, lease) async throws(EngineError) in
            var fleet = fleet
            let decided = try await decide(tenants, try await scene(fleet))
            for wave in decided.opens { try await open(wave, &fleet, lease) }
            return (decided.admissions, await begun(decided.beginners, atOnce: atOnce, giving(places: lease), begin))
        }
    }

    // MARK: - Non public

    private func begun<Value: Sendable>(
        _ tenants: [TenantID], atOnce: Int, _ engine: Engine, _ begin: @escaping @Sendable (Engine, TenantID) async -> Value
    ) async -> [TenantID: Value] {
        await withTaskGroup(of: (TenantID, Value).self) { group in
            var begun: [TenantID: Value] = [:]
            for (index, tenant) in tenants.enumerated() {
                if index >= atOnce, let (done, value) = await group.next() { begun[done] = value }
                group.addTask { (tenant, await begin(engine, tenant)) }
            }
            for await (done, value) in group { begun[done] = value }
            return begun
        }
    }

    private struct Decided {
        let admissions: [TenantID: Rollout.Admission]
        let opens: [Rollout.Assigned]
        /// Admitted, and not begun yet.
        let beginners: [TenantID]
    }

    private func scene(_ seen: FleetStanding) async throws(EngineError) -> Rollout.Scene {
        var standings: [TenantID: Standing] = [:]
        for host in fleet.tenants { standings[host.id] = try await standing(of: host.id) }
        return Rollout.Scene(plan: plan, catalog: catalog, fleet: fleet, opened: seen.waves, standings: standings, now: time.now, holds: seen.holds)
    }

    private func decide(_ tenants: [TenantID], _ scene: Rollout.Scene) async throws(EngineError) -> Decided {
        let decided = plan.rollout.decide(scene)
        return Decided(
            admissions: Dictionary(uniqueKeysWithValues: decided.admissions.map { ($0.tenant, $0.admission) }), opens: decided.opens,
            beginners: decided.beginners.filter(Set(tenants).contains))
    }
}
