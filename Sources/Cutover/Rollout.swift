/// Waves and budget: who may advance now. Pure.
extension Rollout {
    public struct Assigned: Sendable, Equatable {
        public let wave: Wave
        public let tenants: [TenantID]
    }

    public enum Admission: Sendable, Equatable {
        case admitted
        /// The wave before has not got there.
        case waveClosed(String)
        /// The wave before has got there and bakes.
        case baking(String)
        case budgetSpent(failures: Int, allowed: Int)
        /// As many tenants as the plan allows are in motion.
        case full(atOnce: Int)
        case noWave
    }

    /// Each tenant falls to the first wave that selects it and has room.
    public func assignment(of fleet: Fleet) -> [Assigned] {
        var left = fleet.tenants
        return waves.map { wave in
            var taken = left.filter { host in wave.select.allSatisfy { host.labels[$0.key] == $0.value } }
            if let count = wave.count { taken = Array(taken.prefix(count)) }
            left.removeAll { taken.contains($0) }
            return Assigned(wave: wave, tenants: taken.map(\.id))
        }
    }

    /// Whether each tenant may take its next step, in the order of waves. A tenant already under way is let go on:
    /// stopping it half way would be the worse risk.
    public func admissions(
        under plan: Plan, fleet: Fleet, statuses: [TenantID: TenantStatus], standings: [TenantID: Standing], now: Timestamp
    ) -> [(tenant: TenantID, admission: Admission)] {
        let failures = statuses.values.filter(\.state.countsAsFailure).count
        // Between two steps a tenant under way is pending; it is in motion all the same.
        var moving = statuses.filter { $0.value.state.isInMotion || ($0.value.state == .pending && standings[$0.key]?.planDigest != nil) }.count
        var closed: Admission?
        var answers: [(TenantID, Admission)] = []
        let assigned = assignment(of: fleet)
        for entry in assigned {
            for tenant in entry.tenants {
                let begun = standings[tenant]?.planDigest != nil
                if begun {
                    answers.append((tenant, .admitted))
                } else if let closed {
                    answers.append((tenant, closed))
                } else if failures > failureBudget {
                    answers.append((tenant, .budgetSpent(failures: failures, allowed: failureBudget)))
                } else if moving >= atOnce {
                    answers.append((tenant, .full(atOnce: atOnce)))
                } else {
                    moving += 1
                    answers.append((tenant, .admitted))
                }
            }
            if closed == nil { closed = whyNext(after: entry, plan, standings, now) }
        }
        let placed = Set(assigned.flatMap(\.tenants))
        for host in fleet.tenants where !placed.contains(host.id) { answers.append((host.id, .noWave)) }
        return answers
    }

    /// Nil when the wave after `entry` may open.
    private func whyNext(after entry: Assigned, _ plan: Plan, _ standings: [TenantID: Standing], _ now: Timestamp) -> Admission? {
        guard let awaited = entry.wave.after.flatMap(plan.step(named:)) ?? plan.steps.last else { return nil }
        for tenant in entry.tenants {
            guard let standing = standings[tenant], case .verified = standing.position(of: awaited.id),
                let at = standing.verifiedAt(awaited.id)
            else { return .waveClosed("wave \(entry.wave.name): \(tenant) has not verified \(awaited.place)") }
            let left = Double(entry.wave.bakeSeconds) - now.seconds(since: at)
            if left > 0 { return .baking("wave \(entry.wave.name) bakes for another \(Int(left.rounded(.up))) s") }
        }
        return nil
    }
}
