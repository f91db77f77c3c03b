/// Saved previews: made, held against the world, and used once.
extension Engine {
    /// What would happen to these tenants, with all that it depends on.
    public func saved(_ previews: [(TenantPreview, SavedPreview.Stand)], byWaves: Bool, to: PlannedStep?, random: any RandomSource) -> SavedPreview {
        SavedPreview(
            preview: Digest.hex(random.bytes(16)), at: time.now, plan: plan, byWaves: byWaves, to: to?.place,
            tenants: previews.map(\.0), standings: Dictionary(uniqueKeysWithValues: previews.map { ($0.0.tenant, $0.1) }))
    }

    public func stand(of tenant: TenantID) async throws(EngineError) -> SavedPreview.Stand { stand(try await standing(of: tenant)) }

    private func stand(_ standing: Standing) -> SavedPreview.Stand {
        .init(revision: standing.revision, hash: standing.head, state: standing.status(under: plan, catalog: catalog).state.rawValue)
    }

    /// What has changed for the tenant since it was shown; nothing while it still stands.
    public func changes(of tenant: TenantID, since saved: SavedPreview) async throws(EngineError) -> [String] {
        guard fleet.host(of: tenant) != nil else { return ["it is no longer in the fleet file"] }
        guard let then = saved.standings[tenant.text], let shown = saved.tenants.first(where: { $0.tenant == tenant }) else {
            return ["the preview does not show it"]
        }
        let standing = try await standing(of: tenant)
        var changes: [String] = []
        if let moved = try await moved(standing, since: then) { changes.append(moved) }
        if case .back = standing.direction, stand(standing).state == TenantStatus.State.reverting.rawValue {
            changes.append("it is being taken back, and the preview is of going forward")
        }
        let now = try await preview(tenant).upTo(saved.to.flatMap(plan.step(named:)), of: plan)
        return changes + Self.differences(shown, now)
    }

    /// Nil where the tenant's history is what it was.
    func moved(_ standing: Standing, since then: SavedPreview.Stand) async throws(EngineError) -> String? {
        let events: [Event]
        do { events = try await journal.events(in: StreamID(standing.tenant), after: 0) } catch { throw .journal(error) }
        if then.revision > events.count { return "the journal knows \(events.count) events of it, and knew \(then.revision): it is another journal, or an older one" }
        if then.revision > 0, events[then.revision - 1].hash != then.hash { return "its history is another than it was: it is another journal" }
        let news = events.dropFirst(then.revision)
        guard !news.isEmpty else { return nil }
        let told = news.suffix(5).map { event in
            let place = event.change.ref.map { " \($0.place)" } ?? ""
            let topic = event.change.facts["topic"].map { " \($0)" } ?? ""
            return "\(event.change.kind)\(place)\(topic) by \(event.by)"
        }
        let state = stand(standing).state
        let more = news.count > 5 ? "\(news.count - 5) more, " : ""
        return "it was \(then.state) at revision \(then.revision) and is \(state) at \(standing.revision): \(more)\(told.joined(separator: ", "))"
    }

    /// Answers are compared, and nothing else that a gate says.
    static func differences(_ then: TenantPreview, _ now: TenantPreview) -> [String] {
        var differences: [String] = []
        for step in then.steps where !now.steps.contains(where: { $0.step == step.step }) { differences.append("\(step.step) is no longer to be done") }
        for step in now.steps {
            guard let shown = then.steps.first(where: { $0.step == step.step }) else {
                differences.append("\(step.step) is to be done, and was not shown")
                continue
            }
            for gate in step.gates {
                guard let before = shown.gates.first(where: { $0.claim == gate.claim }) else {
                    differences.append("\(step.step) has a gate that was not shown: \(gate.claim)")
                    continue
                }
                if before.answer == gate.answer { continue }
                differences.append("\(step.step): \(gate.claim): \(gate.answer), was \(before.answer)" + (gate.detail.isEmpty ? "" : " (\(gate.detail))"))
            }
            for gate in shown.gates where !step.gates.contains(where: { $0.claim == gate.claim }) {
                differences.append("\(step.step) has no longer the gate: \(gate.claim)")
            }
        }
        return differences
    }

    /// Who used the preview, and when; nil while nobody has.
    public func use(of saved: SavedPreview) async throws(EngineError) -> FleetStanding.Use? { try await fleetStanding().uses[saved.preview] }

    /// Spends the preview, before anything of it is done: in the fleet's stream, where only one can, and then in each tenant's own, where
    /// it is refused when anything was recorded since. Answers those that it was not, with the reason; throws `.previewUsed` when another was first.
    public func spend(_ saved: SavedPreview, on tenants: [TenantID]) async throws(EngineError) -> [TenantID: String] {
        try await decidingForFleet { (fleet, lease) async throws(EngineError) in
            if let use = fleet.uses[saved.preview] { throw .previewUsed(use) }
            try await tell(used(saved, tenants), after: fleet, under: lease)
        }
        var refused: [TenantID: String] = [:]
        for tenant in tenants {
            do throws(EngineError) { refused[tenant] = try await spend(saved, on: tenant) } catch {
                guard case .journal(.leased(_, let other, let until)) = error else { throw error }
                refused[tenant] = "\(other) is at work on it until \(until)"
            }
        }
        return refused
    }

    /// Nil when it was recorded.
    private func spend(_ saved: SavedPreview, on tenant: TenantID) async throws(EngineError) -> String? {
        let ledger = try await open(tenant, holder: holder)
        do {
            let standing = await ledger.standing
            var refusal = try await moved(standing, since: saved.standings[tenant.text] ?? stand(standing))
            if refusal == nil, try await begin([used(saved, [tenant])], ledger) == nil { refusal = "something was recorded about it at this moment" }
            await ledger.close()
            return refusal
        } catch {
            await ledger.close()
            throw error
        }
    }

    private func used(_ saved: SavedPreview, _ tenants: [TenantID]) -> Event.Change {
        .previewUsed(saved.preview, plan: saved.planDigest, tenants: tenants)
    }
}
