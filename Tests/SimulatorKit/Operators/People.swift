import Cutover
import Phases
import Simulation
import Synchronization

/// Those who sign, mend, hold, and change their minds. They do what they are told would help, a while later.
struct People: Sendable {
    let world: World

    init(_ world: World) { self.world = world }

    private func engine(_ person: OperatorID) -> Engine {
        let holder = LeaseHolder(name: "\(person) at \(world.time.now)", seconds: 120)
        return world.engine(ControllerProcess(world.time), -1, as: person, holder)
    }

    // MARK: - What is asked of them

    func answer(_ outcomes: [TenantID: FleetRun.Outcome]) async {
        for (tenant, outcome) in outcomes.sorted(by: { $0.key < $1.key }) {
            switch outcome {
            case .gatedByPerson, .failed, .held:
                // They come when they have time: within the day, each at another hour.
                var chance = Chance(seed: world.setting.seed, for: "\(tenant) \(world.time.now)")
                let seconds = chance.number(600...20_000)
                Task {
                    guard (try? await world.time.sleep(seconds: seconds)) != nil else { return }
                    await look(after: tenant)
                }
            default: continue
            }
        }
    }

    /// Reads why the tenant does not move, and does what is said to help.
    private func look(after tenant: TenantID) async {
        do throws(EngineError) {
            let reader = engine("lead-1")
            let standing = try await reader.standing(of: tenant)
            if standing.hold != nil { return }
            let why = try await reader.why(tenant)
            let words = why.next.split(separator: " ").map(String.init)
            if case .stop(.failed) = standing.decide(under: reader.plan, catalog: reader.catalog) {
                return try await engine("lead-2").reopen(tenant, reason: "mended")
            }
            guard words.first == "cutoverctl", words.count > 2 else { return }
            func value(of option: String) -> String? { words.firstIndex(of: option).flatMap { words.indices.contains($0 + 1) ? words[$0 + 1] : nil } }
            switch words[1] {
            case "approve": try await approve(tenant, words, value, reader)
            case "attest": if let blocker = value(of: "--blocker") { try await engine("lead-3").approve(tenant, topic: Attestation.blocker(blocker), reason: "closed") }
            case "abandon":
                // Nobody will ever know how it ended: what it may have done there is looked at when it is done again.
                guard let step = words.dropFirst(3).first.flatMap({ reader.plan.step(named: $0) }) else { return }
                _ = try await engine("lead-1").abandon(tenant, step, reason: "nobody knows", facts: Abandonment.facts(of: step, standing))
            case "adopt": _ = try await engine("lead-1").takeIn(tenant, reason: "looked after it")
            case "exceptions":
                try await choose(tenant, reader)
                try await sign(nil, tenant, reader)
            case "recapture":
                _ = try await engine("lead-1").carryOut(CaptureAnew(acceptingAbsent: true, table: .memories), on: tenant, reason: "put back") { _ in Evidence() }
            default: return
            }
        } catch { note(error) }
    }

    /// Between two texts: the one that the agents' door shows.
    private func choose(_ tenant: TenantID, _ reader: Engine) async throws(EngineError) {
        guard case .success(let list) = try await reader.ask(ListConflicts(table: .memories), of: tenant) else { return }
        for conflict in list.conflicts {
            let choice = SettleConflict(id: conflict.id, seen1: conflict.v1Digest, seen2: conflict.v2Digest, keep: .v2, table: .memories)
            _ = try await engine("lead-1").carryOut(choice, on: tenant, reason: "chosen") { _ in Evidence() }
        }
    }

    /// That the other store can't hold what is listed as `reason`; without one, as anything.
    private func sign(_ reason: String?, _ tenant: TenantID, _ reader: Engine) async throws(EngineError) {
        guard case .success(let list) = try await reader.ask(ListExceptions(table: LegacyTable.of(reader.plan)[0]), of: tenant) else { return }
        for reason in reason.map({ [$0] }) ?? list.counts.keys.sorted() {
            let facts = ["count": String(list.counts[reason] ?? 0), "digest": list.digest(of: reason)]
            try await engine("lead-2").approve(tenant, topic: "exceptions/\(reason)", reason: "seen", facts: facts)
        }
    }

    private func approve(_ tenant: TenantID, _ words: [String], _ value: (String) -> String?, _ reader: Engine) async throws(EngineError) {
        if let side = value("--access").flatMap({ SignedAccess.Side(rawValue: $0) }) {
            guard case .success(let change) = try await reader.ask(AccessChange(), of: tenant) else { return }
            return try await engine("lead-1").approve(tenant, topic: SignedAccess.topic(side), reason: "seen", facts: SignedAccess(side, of: change).facts)
        }
        if let reason = value("--exceptions") {
            return try await sign(reason, tenant, reader)
        }
        if value("--changes") != nil {
            guard case .success(let changes) = try await reader.ask(ReadChanges(plan: reader.plan), of: tenant) else { return }
            for one in changes.red {
                try await engine("lead-2").approve(tenant, topic: one.topic, reason: "seen", facts: ["digest": one.digest])
            }
            return
        }
        if words.contains("--alerts") {
            guard case .success(let found) = try await reader.ask(WatchFindings(table: LegacyTable.of(reader.plan)[0]), of: tenant) else { return }
            return try await engine("lead-3").approve(tenant, topic: "alerts", reason: "seen", facts: ["count": String(found.events.count), "digest": found.digest])
        }
        guard let place = words.dropFirst(2).first(where: { $0.contains("/") }), reader.plan.step(named: place) != nil else { return }
        for person in ["lead-1", "lead-2"] as [OperatorID] { try await engine(person).approve(tenant, topic: place, reason: "go", facts: ["plan": reader.plan.digest]) }
    }

    // MARK: - What they do of themselves

    /// Every other day somebody asks of each tenant whether all that was done is still there, and has it done anew where it is not.
    func lookAround() async {
        while (try? await world.time.sleep(seconds: 2 * 86_400)) != nil {
            for host in world.fleet.tenants {
                do throws(EngineError) { _ = try await engine("lead-3").reopenDrifted(host.id, reason: "looked around") } catch { note(error) }
            }
        }
    }

    func act(_ mishap: Mishap, _ tenant: TenantID) async {
        do throws(EngineError) {
            switch mishap.kind {
            case .held:
                guard world.fleet.host(of: tenant) != nil else { return }
                try await engine("lead-1").hold(tenant, reason: "simulated")
                later(hours: mishap.amount) { () async throws(EngineError) in try await engine("lead-1").release(tenant, reason: "simulated") }
            case .fleetHeld:
                try await engine("lead-2").holdFleet(wave: nil, reason: "simulated")
                later(hours: mishap.amount) { () async throws(EngineError) in try await engine("lead-2").releaseFleet(wave: nil, reason: "simulated") }
            case .takenBack: try await takeBack(tenant, mishap.amount)
            case .waived: try await waive(tenant, mishap)
            case .abandoned: try await giveUp(tenant, mishap.amount)
            default: try await changePlan(mishap.amount)
            }
        } catch { note(error) }
    }

    private func takeBack(_ tenant: TenantID, _ number: Int) async throws(EngineError) {
        guard world.fleet.host(of: tenant) != nil else { return }
        let engine = engine("lead-1")
        guard try await engine.standing(of: tenant).planDigest != nil else { return }
        let steps = engine.plan.steps
        try await engine.requestRevert(tenant, to: number == 0 ? nil : steps[min(number, steps.count) - 1].id, reason: "simulated")
        later(hours: 24) { () async throws(EngineError) in try await self.engine("lead-1").reopen(tenant, reason: "forward again") }
    }

    /// Whatever may be waived of the step that comes next, by whoever may, out loud where that is asked for.
    private func waive(_ tenant: TenantID, _ mishap: Mishap) async throws(EngineError) {
        let reader = engine("lead-2")
        guard world.fleet.host(of: tenant) != nil else { return }
        let line = try await reader.standing(of: tenant).status(under: reader.plan, catalog: reader.catalog)
        guard let step = reader.plan.step(named: "\(line.phase)/\(line.step)") else { return }
        var chance = Chance(seed: world.setting.seed, for: mishap.description)
        let checks = try await reader.checks(of: step, for: tenant).filter { if case .never = $0.waiving { false } else { true } }
        guard !checks.isEmpty else { return }
        let check = checks[chance.number(0...checks.count - 1)]
        var facts = [Waiver.expiresKey: world.time.now.adding(seconds: mishap.amount * 3600).description]
        if check.waiving == .byBreakingGlass { facts[Waiver.glassKey] = "true" }
        try await reader.waive(tenant, step, claim: check.claim, reason: "simulated", facts: facts)
        if chance.happens(50) {
            later(hours: mishap.amount / 2) { () async throws(EngineError) in try await engine("lead-1").endWaivers(tenant, step, claim: check.claim, reason: "simulated") }
        }
    }

    /// Until somebody takes it in again, having looked at all that was done.
    private func giveUp(_ tenant: TenantID, _ hours: Int) async throws(EngineError) {
        let reader = engine("lead-1")
        guard world.fleet.host(of: tenant) != nil else { return }
        let facts = Abandonment.facts(of: nil, try await reader.standing(of: tenant))
        guard case .done = try await reader.abandon(tenant, nil, reason: "simulated", facts: facts) else { return }
        later(hours: hours) { () async throws(EngineError) in
            guard try await engine("lead-1").standing(of: tenant).abandonment != nil else { return }
            if case .done = try await engine("lead-1").takeIn(tenant, reason: "back again") { return }
            throw .unknownTenant(tenant)
        }
    }

    private func changePlan(_ variant: Int) async throws(EngineError) {
        let now = world.plan.withLock { $0 }
        let next = Setting.plan(revision: now.revision + 1, atOnce: [2, 4, 8, 12][variant % 4], bake: variant.isMultiple(of: 2) ? "12h" : "24h")
        world.plan.withLock { $0 = next }
        let engine = engine("lead-1")
        try await engine.keepPlan()
        for host in world.fleet.tenants { _ = try await engine.adopt(host.id) }
    }

    private func later(hours: Int, _ body: @escaping @Sendable () async throws(EngineError) -> Void) {
        Task {
            var seconds = hours * 3600
            while (try? await world.time.sleep(seconds: seconds)) != nil {
                do throws(EngineError) {
                    try await body()
                    return
                } catch { note(error) }
                seconds = 3600
            }
        }
    }

    /// Out of reach, or overtaken: they would try again another day. Anything else is ours.
    private func note(_ error: EngineError) {
        switch error {
        case .journal(.damaged), .defect: world.records.trouble("people: \(error)")
        default: return
        }
    }
}
