/// Holds of more than one tenant. They are recorded once, and whoever joins later is held as well.
extension Engine {
    /// Stops a wave; the whole fleet, when nil.
    public func holdFleet(wave: String?, reason: String) async throws(EngineError) { try await noteForFleet(.fleetHeld(wave: wave, reason: reason)) }
    public func releaseFleet(wave: String?, reason: String) async throws(EngineError) { try await noteForFleet(.fleetReleased(wave: wave, reason: reason)) }

    /// What stops the tenant besides a hold of its own: somebody's hold of the fleet or of its wave, or a file that says so.
    public func holdOverAll(_ tenant: TenantID) async throws(EngineError) -> FleetHold? { try await holdsOverAll()(tenant) }

    /// The same for any tenant, as it is now.
    public func holdsOverAll() async throws(EngineError) -> (TenantID) -> FleetHold? {
        if let stop = stopper() { return { _ in stop } }
        return holds(in: try await fleetStanding())
    }

    func holds(in seen: FleetStanding) -> (TenantID) -> FleetHold? {
        guard let first = seen.holds.first else { return { _ in nil } }
        if first.wave == nil { return { _ in FleetHold(first) } }
        let waves = plan.rollout.assignment(of: fleet, opened: seen.waves)
        return { tenant in
            guard let wave = waves.first(where: { $0.tenants.contains(tenant) })?.wave.name else { return nil }
            return seen.holds.first { $0.wave == wave }.map { FleetHold($0) }
        }
    }

    /// The same engine, which also stops when `stopper` says so.
    public func stopped(by stopper: @escaping @Sendable () -> FleetHold?) -> Engine {
        var engine = self
        engine.stopper = stopper
        return engine
    }

    /// What is to be done about the tenant now: nothing, while it is held.
    func decision(_ tenant: TenantID, _ ledger: Ledger) async throws(EngineError) -> Decision {
        let decision = await ledger.standing.decide(under: plan, catalog: catalog)
        if case .stop = decision { return decision }
        guard let hold = try await holdOverAll(tenant) else { return decision }
        return .stop(.held(by: hold.by, reason: hold.reason))
    }

    private func noteForFleet(_ change: Event.Change) async throws(EngineError) {
        _ = try await undisturbed { () async throws(EngineError) in try await tell(change, after: try await fleetStanding(), under: nil) }
    }
}

/// Who holds a wave or the fleet, and what to type to let it go on.
public struct FleetHold: Sendable, Equatable {
    public let by: OperatorID
    public let reason: String
    public let next: String
    public init(by: OperatorID, reason: String, next: String) {
        self.by = by
        self.reason = reason
        self.next = next
    }

    init(_ hold: FleetStanding.Hold) {
        by = hold.by
        let what = hold.wave.map { "wave \($0)" } ?? "the fleet"
        reason = "\(hold.reason) (\(what))"
        next = "cutoverctl release \(hold.wave.map { "--wave \($0)" } ?? "--all") --reason TEXT"
    }
}
