/// Waves and budget: who may advance now. Pure.
extension Rollout {
    public struct Assigned: Sendable, Equatable {
        public let wave: Wave
        /// Of the fleet as it is.
        public let tenants: [TenantID]
        /// Frozen: nobody else joins it.
        public let isOpen: Bool
        /// In the frozen wave, and no longer in the fleet.
        public let left: [TenantID]

        init(_ wave: Wave, _ tenants: [TenantID], isOpen: Bool = false, left: [TenantID] = []) {
            self.wave = wave
            self.tenants = tenants
            self.isOpen = isOpen
            self.left = left
        }
    }

    public enum Admission: Sendable, Equatable {
        case admitted
        /// The wave before has not got there.
        case waveClosed(String)
        /// The wave before has got there and bakes.
        case baking(String, until: Timestamp)
        case budgetSpent(failures: Int, allowed: Int)
        /// As many tenants as the plan allows are in motion.
        case full(atOnce: Int)
        /// Its next step would expose it, and as many as the plan allows are.
        case exposed(allowed: Int)
        case noWave
        /// No wave that is still to open selects it.
        case joinedLate(String)
    }

    /// Each tenant moves in the wave it was in when that opened; else it falls to the first wave still to open that selects it and has room.
    public func assignment(of fleet: Fleet, opened: [FleetStanding.OpenWave] = []) -> [Assigned] {
        let here = Set(fleet.tenants.map(\.id))
        let frozen = Set(opened.flatMap(\.tenants))
        var left = fleet.tenants.filter { !frozen.contains($0.id) }
        func assigned(_ wave: Wave, _ open: FleetStanding.OpenWave) -> Assigned {
            Assigned(wave, open.tenants.filter(here.contains), isOpen: true, left: open.tenants.filter { !here.contains($0) })
        }
        // A wave that a newer revision of the plan no longer names goes first: it has opened.
        let dropped = opened.filter { open in !waves.contains { $0.name == open.name } }.map { assigned(Wave(name: $0.name, select: [:]), $0) }
        return dropped + waves.map { wave in
            if let open = opened.first(where: { $0.name == wave.name }) { return assigned(wave, open) }
            var taken = left.filter(wave.selects)
            if let count = wave.count { taken = Array(taken.prefix(count)) }
            if let percent = wave.percent { taken = Array(taken.prefix((taken.count * percent + 99) / 100)) }
            let gone = Set(taken.map(\.id))
            left.removeAll { gone.contains($0.id) }
            return Assigned(wave, taken.map(\.id))
        }
    }

    /// What is known when the rollout decides.
    public struct Scene: Sendable {
        public let plan: Plan
        public let catalog: StepCatalog
        public let fleet: Fleet
        public let opened: [FleetStanding.OpenWave]
        public let stands: [TenantID: Stand]
        public let now: Timestamp
        /// Waves that somebody holds take nobody's place.
        let holds: [FleetStanding.Hold]
        /// Of those that have begun.
        let statuses: [TenantID: TenantStatus]

        public init(
            plan: Plan, catalog: StepCatalog, fleet: Fleet, opened: [FleetStanding.OpenWave] = [], stands: [TenantID: Stand], now: Timestamp,
            statuses: [TenantID: TenantStatus], holds: [FleetStanding.Hold] = []
        ) {
            self.plan = plan
            self.catalog = catalog
            self.fleet = fleet
            self.opened = opened
            self.stands = stands
            self.now = now
            self.holds = holds
            self.statuses = statuses
        }

        /// - Parameter statuses: what the standings come to, where somebody keeps it already.
        public init(
            plan: Plan, catalog: StepCatalog, fleet: Fleet, opened: [FleetStanding.OpenWave] = [], standings: [TenantID: Standing], now: Timestamp,
            statuses: [TenantID: TenantStatus]? = nil, holds: [FleetStanding.Hold] = []
        ) {
            var (stands, lines) = ([TenantID: Stand](), statuses ?? [:])
            for (tenant, standing) in standings {
                let head = JournalRecords.Head(stream: StreamID(tenant), revision: standing.revision, hash: standing.head)
                if let stand = lines[tenant]?.stand, stand.counts(for: head, under: plan) {
                    stands[tenant] = stand
                    continue
                }
                let line = standing.status(under: plan, catalog: catalog)
                stands[tenant] = line.stand
                if statuses == nil, standing.planDigest != nil { lines[tenant] = line }
            }
            self.init(plan: plan, catalog: catalog, fleet: fleet, opened: opened, stands: stands, now: now, statuses: lines, holds: holds)
        }
        func isHeld(_ wave: Wave) -> Bool { holds.contains { $0.wave == nil || $0.wave == wave.name } }
    }

    public struct Decided: Sendable {
        /// In the order of waves.
        public fileprivate(set) var admissions: [(tenant: TenantID, admission: Admission)] = []
        /// Who is admitted to begin, with a place counted for each. Who is held takes none, and begins with none once he is released.
        public fileprivate(set) var beginners: [TenantID] = []
        /// Waves that are to be frozen before anybody in them begins.
        public fileprivate(set) var opens: [Assigned] = []
    }

    /// Whether each tenant may take its next step. A tenant in motion is let go on, unless that would expose it: stopping it half way would be
    /// the worse risk. One at rest needs a place again, and has it before anybody who has not begun. Nobody begins who would only queue up to
    /// be exposed.
    public func decide(_ scene: Scene) -> Decided {
        let spending = Spending(scene.statuses.values, under: self)
        var room = Room(moving: spending.inMotion, exposed: spending.exposed, heading: heading(scene))
        var closed: Admission?
        var decided = Decided()
        let assigned = assignment(of: scene.fleet, opened: scene.opened)
        let underWay = underWay(assigned, scene, &room)
        var straggling = stragglers
        for entry in assigned {
            if !entry.isOpen, closed == nil, !entry.tenants.isEmpty, !scene.isHeld(entry.wave), spending.failures <= failureBudget { decided.opens.append(entry) }
            for tenant in entry.tenants {
                let admission: Admission
                if let known = underWay[tenant] {
                    admission = known
                } else if let closed {
                    admission = closed
                } else if spending.failures > failureBudget {
                    admission = .budgetSpent(failures: spending.failures, allowed: failureBudget)
                } else if scene.stands[tenant]?.isStopped == true || scene.isHeld(entry.wave) {
                    // It takes nobody's place.
                    admission = .admitted
                } else if room.moving >= atOnce {
                    admission = .full(atOnce: atOnce)
                } else if room.exposed + room.heading >= exposed {
                    admission = .exposed(allowed: exposed)
                } else {
                    room.moving += 1
                    room.heading += 1
                    admission = .admitted
                    decided.beginners.append(tenant)
                }
                decided.admissions.append((tenant, admission))
            }
            if closed == nil { closed = whyNext(after: entry, scene, &straggling) }
        }
        let placed = Set(assigned.flatMap(\.tenants))
        for host in scene.fleet.tenants where !placed.contains(host.id) {
            let missed = waves.first { $0.selects(host) && scene.opened.map(\.name).contains($0.name) }
            decided.admissions.append((host.id, missed.map { .joinedLate($0.name) } ?? .noWave))
        }
        return decided
    }

    private struct Room {
        var moving: Int
        var exposed: Int
        /// On their way to the step that exposes them.
        var heading: Int
    }

    /// How many are well and under way to the step that exposes them; none where no step of the plan does.
    private func heading(_ scene: Scene) -> Int {
        guard let exposing = scene.plan.steps.first(where: { scene.catalog.entry(for: $0.spec.kind)?.exposure == .begins }) else { return -exposed }
        return scene.statuses.values.count { status in
            guard status.exposed != true, [.pending, .running, .waiting, .gated].contains(status.state), let stand = scene.stands[status.tenant] else { return false }
            return stand.hasBegun && stand.verified(exposing.id) == nil
        }
    }

    /// Those that have begun.
    private func underWay(_ assigned: [Assigned], _ scene: Scene, _ room: inout Room) -> [TenantID: Admission] {
        var admissions: [TenantID: Admission] = [:]
        for tenant in assigned.flatMap(\.tenants) {
            guard let stand = scene.stands[tenant], stand.hasBegun, scene.statuses[tenant] != nil else { continue }
            let needs = stand.needs(at: scene.now)
            if needs.contains(.place), room.moving >= atOnce {
                admissions[tenant] = .full(atOnce: atOnce)
            } else if needs.contains(.exposure), room.exposed >= exposed {
                admissions[tenant] = .exposed(allowed: exposed)
            } else {
                admissions[tenant] = .admitted
                if needs.contains(.place) { room.moving += 1 }
                if needs.contains(.exposure) { room.exposed += 1 }
            }
        }
        return admissions
    }

    /// Nil when the wave after `entry` may open. Stragglers stay behind within their allowance, which all waves share.
    private func whyNext(after entry: Assigned, _ scene: Scene, _ straggling: inout Int) -> Admission? {
        guard let awaited = entry.wave.after.flatMap(scene.plan.step(named:)) ?? scene.plan.steps.last else { return nil }
        var newest: Timestamp?
        for tenant in entry.tenants where scene.stands[tenant]?.isAbandoned != true {
            if let at = scene.stands[tenant]?.verified(awaited.id) {
                newest = max(newest ?? at, at)
                continue
            }
            let trouble = scene.statuses[tenant]?.trouble
            guard let trouble, Trouble.straggling.contains(trouble), straggling > 0 else {
                return .waveClosed("wave \(entry.wave.name): \(tenant) has not verified \(awaited.place)")
            }
            straggling -= 1
        }
        guard let newest else { return entry.tenants.isEmpty ? nil : .waveClosed("wave \(entry.wave.name): nobody has verified \(awaited.place)") }
        let until = newest.adding(seconds: entry.wave.bakeSeconds)
        let left = until.seconds(since: scene.now)
        return left > 0 ? .baking("wave \(entry.wave.name) bakes for another \(Int(left.rounded(.up))) s", until: until) : nil
    }
}

extension Wave {
    public func selects(_ host: TenantHost) -> Bool { select.allSatisfy { host.labels[$0.key] == $0.value } }
}

/// What the next decision of a tenant under way takes from the rollout's allowances.
public struct Needs: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    /// It is in motion from then on, and is not now.
    public static let place = Needs(rawValue: 1)
    public static let exposure = Needs(rawValue: 2)
}
