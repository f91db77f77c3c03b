import Cutover

/// Holds every event against what was promised. It knows what befell each host, and takes no gate's, clock's or budget's word.
public struct Judge: Sendable {
    public struct Violation: Sendable, Codable, Equatable, CustomStringConvertible {
        public let promise: String
        public let event: String
        public let detail: String
        public var description: String { "\(promise): \(detail) (at \(event))" }
    }

    private let plan: Plan
    private let catalog: StepCatalog
    private let fates: [TenantID: Fate]
    public private(set) var violations: [Violation] = []
    private(set) var events = 0
    private(set) var standings: [TenantID: Standing] = [:]
    private(set) var statuses: [TenantID: TenantStatus] = [:]
    private(set) var fleet: FleetStanding
    private(set) var most = Most()
    private(set) var last: Timestamp?
    /// When each word was first and last reached, and by how many.
    private(set) var milestones: [String: (first: Timestamp, last: Timestamp, tenants: Int)] = [:]
    private(set) var adopted: [String: (first: Timestamp, tenants: Int)] = [:]
    /// Grows with whatever may let somebody begin.
    private(set) var news = 0
    private(set) var members: Set<TenantID> = []
    private let journal: JournalID
    private var moving: Set<TenantID> = []
    private var exposed: Set<TenantID> = []
    private var troubles: [TenantID: Trouble] = [:]
    private var waits: [StepRef: Timestamp] = [:]
    /// The fences of those who are at work on a tenant's host, and the highest that ever was.
    private var hands: [TenantID: (laid: [Int], highest: Int)] = [:]
    /// Under which fence a doubt was last settled.
    private var settled: [TenantID: Int] = [:]
    /// Who agreed to a step, since it was last taken back.
    private var signers: [StepRef: Set<OperatorID>] = [:]

    struct Most: Sendable {
        var moving = 0
        var exposed = 0
        var failures = 0
    }

    init(plan: Plan, catalog: StepCatalog, fates: [TenantID: Fate], journal: JournalID) {
        self.plan = plan
        self.catalog = catalog
        self.fates = fates
        self.journal = journal
        self.fleet = FleetStanding(journal: journal)
    }

    /// What was recorded before the simulation began is not judged.
    mutating func takeIn(_ event: Event) { apply(event, status: nil, judging: false) }

    mutating func hear(_ event: Event, _ status: TenantStatus?) { apply(event, status: status, judging: true) }

    /// What a host saw of those who work on it.
    mutating func see(_ hand: SimulatedHosts.Hand) {
        var (laid, highest) = hands[hand.tenant] ?? ([], 0)
        if hand.isLaid {
            let place = "\(hand.tenant) \(hand.at)"
            if let other = laid.first { note(Self.oneHand, at: place, "one of fence \(hand.fence) beside one of \(other)") }
            if let settled = settled[hand.tenant], hand.fence < settled { note(Self.oneHand, at: place, "one of fence \(hand.fence) after one of \(settled) had looked where it left the tenant") }
            if hand.fence < highest { note(Self.oneHand, at: place, "one of fence \(hand.fence) after one of \(highest)") }
            laid.append(hand.fence)
            highest = max(highest, hand.fence)
        } else if let index = laid.firstIndex(of: hand.fence) {
            laid.remove(at: index)
        }
        hands[hand.tenant] = (laid, highest)
    }

    private static let oneHand = "never two hands on a tenant"

    private mutating func apply(_ event: Event, status: TenantStatus?, judging: Bool) {
        if judging {
            events += 1
            last = event.at
        }
        guard event.stream != .fleet else {
            if judging, case .waveOpened(let name, _) = event.change { judgeWave(name, event) }
            fleet.apply(event)
            news += 1
            return
        }
        let tenant = TenantID(event.stream.text)
        // What was under way when it left comes to its end, and counts for nothing.
        guard !judging || members.contains(tenant) else { return }
        let before = standings[tenant] ?? Standing(tenant, genesis: Event.genesis(of: event.stream, in: journal))
        if judging {
            if event.fence != 0, event.fence < before.fence { note(Self.oneHand, event, "it was recorded under fence \(event.fence) after \(before.fence)") }
            judgeOrder(before, event)
        }
        keepSigners(event, before)
        standings[tenant, default: before].apply(event)
        if case .planAdopted(_, _, _, let wave) = event.change, before.planDigest == nil {
            adopted[wave] = (adopted[wave]?.first ?? event.at, (adopted[wave]?.tenants ?? 0) + 1)
        }
        if let line = status ?? standings[tenant]?.status(under: plan, catalog: catalog) { compare(line, event, judging: judging) }
    }

    mutating func join(_ tenant: TenantID) { members.insert(tenant) }

    mutating func leave(_ tenant: TenantID) {
        members.remove(tenant)
        standings[tenant] = nil
        statuses[tenant] = nil
        moving.remove(tenant)
        exposed.remove(tenant)
        troubles[tenant] = nil
        news += 1
    }

    // MARK: - The budget

    private mutating func compare(_ line: TenantStatus, _ event: Event, judging: Bool) {
        let (tenant, before) = (line.tenant, statuses[line.tenant])
        statuses[tenant] = line
        if before?.milestone != line.milestone, !line.milestone.isEmpty {
            let known = milestones[line.milestone]
            milestones[line.milestone] = (known?.first ?? event.at, event.at, (known?.tenants ?? 0) + 1)
        }
        if before?.trouble != line.trouble || before?.state != line.state || before?.step != line.step { news += 1 }
        troubles[tenant] = line.trouble
        let (moves, exposes) = (Self.mark(tenant, line.isInMotion, &moving), Self.mark(tenant, line.exposed == true, &exposed))
        most = Most(moving: max(most.moving, moving.count), exposed: max(most.exposed, exposed.count), failures: max(most.failures, failures))
        // A person's word may put more in motion than the plan allows; the engine may not.
        guard judging, !event.change.isNote else { return }
        if moves, moving.count > plan.rollout.atOnce { note("never more in motion than allowed", event, "\(moving.count) of \(plan.rollout.atOnce)") }
        if exposes, exposed.count > plan.rollout.exposed { note("never more exposed than allowed", event, "\(exposed.count) of \(plan.rollout.exposed)") }
    }

    /// True when it was not there and is now.
    private static func mark(_ tenant: TenantID, _ isThere: Bool, _ set: inout Set<TenantID>) -> Bool {
        if isThere { return set.insert(tenant).inserted }
        set.remove(tenant)
        return false
    }

    private var failures: Int {
        let (counted, allowed) = (plan.rollout.counted, plan.rollout.stragglers)
        let behind = troubles.values.count { !counted.contains($0) && Trouble.straggling.contains($0) }
        return troubles.values.count { counted.contains($0) } + max(0, behind - allowed)
    }

    // MARK: - Order, holds and clocks

    private mutating func judgeOrder(_ before: Standing, _ event: Event) {
        switch event.change {
        case .planAdopted(_, _, _, let wave):
            judgeHold(before, event)
            guard before.planDigest == nil else { return }
            if failures > plan.rollout.failureBudget { note("past the failure budget nothing new starts", event, "\(failures) of \(plan.rollout.failureBudget)") }
            if fleet.waves.first(where: { $0.name == wave })?.tenants.contains(before.tenant) != true {
                note("nobody moves before its wave has opened", event, "it moves in \(wave)")
            }
        case .started(let ref, _), .waitBegan(let ref):
            judgeHold(before, event)
            if case .inDoubt = before.position(of: ref.step) { note("what is in doubt is verified first", event, "it was begun again") }
            let missing = plan.steps.prefix { $0.id != ref.step }.filter { before.position(of: $0.id) != .verified }
            if !missing.isEmpty { note("a step begins after all before it are verified", event, "\(missing[0].place) is not") }
            if fates[ref.tenant]?.isVetoed(event.at) == true { note("no step begins under a host's veto", event, "\(ref.place)") }
            judgeSignatures(ref, before, event)
            if case .waitBegan = event.change { waits[ref] = event.at }
        case .verified(let ref, .inPlace):
            settled[ref.tenant] = event.fence
            judgeClock(ref, event)
        case .verified(let ref, .absent), .verified(let ref, .partial): settled[ref.tenant] = event.fence
        default: return
        }
    }

    private mutating func judgeHold(_ before: Standing, _ event: Event) {
        let wave = before.wave.isEmpty ? nil : before.wave
        if let hold = fleet.holds.first(where: { $0.wave == nil || $0.wave == wave }) { note("a hold stops at once", event, "the fleet is held by \(hold.by)") }
        if let hold = before.hold { note("a hold stops at once", event, "held by \(hold.by): \(hold.reason)") }
    }

    /// No more than the time that the host was up and green since the last broken safety fact can have been counted.
    private mutating func judgeClock(_ ref: StepRef, _ event: Event) {
        guard let step = plan.steps.first(where: { $0.id == ref.step }), let began = waits[ref] else { return }
        let wait = SimulatedWait(step)
        guard wait.windowSeconds > 0 else { return }
        let fate = fates[ref.tenant] ?? Fate()
        let (now, every) = (event.at, Double(wait.everySeconds))
        let mine = fate.reds.filter { $0.place == ref.place && $0.spell.from < now }
        let broken = mine.filter { $0.verdict == .safety }.map { min($0.spell.until ?? now, now) }.max()
        let from = max(began, broken ?? began)
        let lost = fate.down + mine.filter { $0.verdict == .availability }.map(\.spell)
        let overlaps = lost.map { max(0, min($0.until ?? now, now).seconds(since: max($0.from, from))) }.filter { $0 > 0 }
        // A spell is known to the sample, and so are its ends.
        let most = now.seconds(since: from) - overlaps.reduce(0, +) + 2 * every * Double(overlaps.count + (broken == nil ? 0 : 1))
        if most < Double(wait.windowSeconds) { note("no evidence is not green", event, "\(Int(most)) s can be covered, and the window is \(wait.windowSeconds) s") }
    }

    private mutating func keepSigners(_ event: Event, _ before: Standing) {
        switch event.change {
        case .approved(let topic, _, _):
            guard let step = plan.step(named: topic), step.place == topic else { return }
            signers[step.ref(for: before.tenant), default: []].insert(event.by)
        case .reverted(let ref, _): signers[ref] = nil
        case .verified(let ref, .absent):
            switch before.position(of: ref.step) {
            case .verified, .revertInDoubt: signers[ref] = nil
            default: return
            }
        case .verified(let ref, .partial) where before.position(of: ref.step) == .verified: signers[ref] = nil
        default: return
        }
    }

    /// A step of high risk has been agreed to by as many as the plan wants, of those it lets; what can't be undone by somebody.
    private mutating func judgeSignatures(_ ref: StepRef, _ before: Standing, _ event: Event) {
        guard let step = plan.steps.first(where: { $0.id == ref.step }), case .started = event.change else { return }
        let rule = plan.approvals
        let count = (signers[ref] ?? []).count { (rule.from.isEmpty || rule.from.contains($0)) && !(rule.notAuthor && $0 == plan.author) }
        let isWaived = before.consents.contains { $0.topic.hasPrefix(Waiver.topic(ref.place, "")) }
        if step.spec.risk == .high, count < rule.count, !isWaived { note("no step of high risk without its signatures", event, "\(count) of \(rule.count)") }
        if catalog.nature(of: step.spec.kind) == .irreversible, (signers[ref] ?? []).isEmpty { note("what can't be undone is consented to", event, "nobody did") }
    }

    private mutating func judgeWave(_ name: String, _ event: Event) {
        guard let index = plan.rollout.waves.firstIndex(where: { $0.name == name }) else { return }
        var behind = 0
        for wave in plan.rollout.waves[..<index] {
            guard let opened = fleet.waves.first(where: { $0.name == wave.name }), let awaited = wave.after.flatMap(plan.step(named:)) ?? plan.steps.last else { continue }
            var newest = event.at.adding(seconds: -wave.bakeSeconds)
            for tenant in opened.tenants where members.contains(tenant) {
                if standings[tenant]?.position(of: awaited.id) == .verified, let at = standings[tenant]?.verifiedAt(awaited.id) {
                    newest = max(newest, at)
                } else {
                    behind += 1
                    if troubles[tenant].map(Trouble.straggling.contains) != true { note("waves open in order", event, "\(tenant) of \(wave.name) has not verified \(awaited.place)") }
                }
            }
            if event.at < newest.adding(seconds: wave.bakeSeconds) { note("waves bake", event, "\(wave.name) has not") }
        }
        if behind > plan.rollout.stragglers { note("stragglers stay within their allowance", event, "\(behind) of \(plan.rollout.stragglers)") }
    }

    private mutating func note(_ promise: String, _ event: Event, _ detail: String) { note(promise, at: "\(event.stream)/\(event.revision) \(event.at)", detail) }

    private mutating func note(_ promise: String, at place: String, _ detail: String) {
        violations.append(Violation(promise: promise, event: place, detail: detail))
    }
}
