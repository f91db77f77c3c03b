public import Cutover

/// Walks one tenant through a whole plan the hard way, step by step: preview changes nothing; perform and verify, where the controller
/// dies before it could record the outcome and another one finds it out; back to before the step, dying likewise, and
/// what the tenant owns is as it was; then forward again to the next.
public struct PlanTrial: Sendable {
    /// What a person says when a gate asks for it.
    public struct Agreement: Sendable {
        public let by: OperatorID
        public let topic: String
        public let facts: [String: String]
        public init(by: OperatorID, topic: String, facts: [String: String] = [:]) {
            self.by = by
            self.topic = topic
            self.facts = facts
        }
    }

    /// The tenant's world, looked at past the engine.
    public struct World: Sendable {
        public let transport: any Transport
        public let time: any TimeSource
        /// Everything that looking must not change, as text.
        public let picture: @Sendable () async throws -> String
        /// Everything that going back must bring back, as text.
        public let belongings: @Sendable () async throws -> String
        public init(
            transport: any Transport, time: any TimeSource, picture: @escaping @Sendable () async throws -> String,
            belongings: @escaping @Sendable () async throws -> String
        ) {
            self.transport = transport
            self.time = time
            self.picture = picture
            self.belongings = belongings
        }
    }

    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private enum Goal { case verified, reverted }

    let plan: Plan
    let catalog: StepCatalog
    let host: TenantHost
    let others: [TenantHost]
    let world: World
    let patienceSeconds: Int
    let pauseMilliseconds: Int
    let agree: @Sendable (_ command: String, StepRef, Engine) async throws -> [Agreement]
    let told: @Sendable (String) -> Void
    private let journal = MemoryJournal()

    /// - Parameters:
    ///   - others: hosts that are no tenants.
    ///   - pauseMilliseconds: how long to wait before asking again about what time alone can change.
    ///   - agree: what people record when a gate says that `command` would open it.
    ///   - told: hears of each leg of the way once it is behind us.
    public init(
        of plan: Plan, catalog: StepCatalog, host: TenantHost, others: [TenantHost] = [], world: World, patienceSeconds: Int = 60, pauseMilliseconds: Int = 100,
        agree: @escaping @Sendable (_ command: String, StepRef, Engine) async throws -> [Agreement], told: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.plan = plan
        self.catalog = catalog
        self.host = host
        self.others = others
        self.world = world
        self.patienceSeconds = patienceSeconds
        self.pauseMilliseconds = pauseMilliseconds
        self.agree = agree
        self.told = told
    }

    /// Throws a `Failure` that names what did not hold.
    public func run() async throws {
        let owned = try await world.belongings()
        var before: StepID?
        for step in plan.steps {
            if catalog.nature(of: step.spec.kind) == .irreversible, before != nil { try await allTheWayBack(to: owned) }
            try await tryStep(step, before)
            before = step.id
        }
        guard case .finished = try await engine(2).advance(host.id) else { throw Failure(description: "after the last step the tenant is not finished") }
        let flaws = JournalAudit(try await journal.records()).flaws
        try expect(flaws.isEmpty, plan.steps[0], "the journal is whole: \(flaws)")
    }

    // MARK: - Non public

    private func tryStep(_ step: PlannedStep, _ before: StepID?) async throws {
        let nature = catalog.nature(of: step.spec.kind)
        if before == nil { _ = try await engine(1).advance(host.id) }
        try await preview(step)
        let owned = try await world.belongings()
        try await dying(as: nature == .wait ? "verified" : "performed", step) { try await go(to: .verified, step, $0) }
        try await check(step)
        told("\(step.place) there")
        if nature == .irreversible { return }
        try await engine(2).requestRevert(host.id, to: before, reason: "trial")
        try await dying(as: "reverted", step) { try await go(to: .reverted, step, $0) }
        let back = try await world.belongings()
        try expectSame(owned, back, step, "what the tenant owns is as it was")
        told("\(step.place) back")
        try await engine(1).reopen(host.id, reason: "trial")
        try await go(to: .verified, step, engine(1))
        told("\(step.place) there again")
    }

    /// From where the last reversible step left the tenant to where it was before the first, and forward to there again.
    private func allTheWayBack(to owned: String) async throws {
        let steps = plan.steps.prefix { catalog.nature(of: $0.spec.kind) != .irreversible }
        guard let first = steps.first, let last = steps.last else { return }
        try await engine(2).requestRevert(host.id, to: nil, reason: "trial")
        try await go(to: .reverted, first, engine(2))
        try expectSame(owned, try await world.belongings(), first, "all the way back, what the tenant owns is as it was")
        told("back to the beginning")
        try await engine(2).reopen(host.id, reason: "trial")
        for step in steps { try await go(to: .verified, step, engine(2)) }
        told("\(last.place) there from the beginning")
    }

    private func preview(_ step: PlannedStep) async throws {
        let picture = try await world.picture()
        let preview = try await engine(1).preview(host.id)
        try expect(preview.steps.first?.step == step.place, step, "preview begins with it")
        try expect(!(preview.steps.first?.commands.isEmpty ?? true), step, "preview shows the commands")
        try expectSame(picture, try await world.picture(), step, "preview changes nothing")
    }

    private func check(_ step: PlannedStep) async throws {
        let picture = try await world.picture()
        for checked in try await engine(2).check(host.id) {
            try expect(checked.finding.isInPlace, step, "check finds \(checked.step) in place: \(checked.finding)")
        }
        try expectSame(picture, try await world.picture(), step, "check changes nothing")
    }

    /// The first controller dies when it would record a change of `kind`; the second finishes the work.
    private func dying(as kind: String, _ step: PlannedStep, _ work: (Engine) async throws -> Void) async throws {
        await journal.die(recording: kind)
        do { try await work(engine(1)) } catch is EngineError {}
        try expect(await journal.hasDied, step, "the controller came to record that it was \(kind)")
        await journal.revive()
        try await work(engine(2))
    }

    private func engine(_ number: Int, as person: OperatorID = "trial") -> Engine {
        let transport = world.transport
        return Engine(
            plan: plan, fleet: Fleet(tenants: [host], others: others), catalog: catalog, journal: journal, time: world.time, me: person,
            holder: LeaseHolder(name: "controller-\(number)", seconds: 60, gone: { _ in true })
        ) { _ in transport }
    }

    private func go(to goal: Goal, _ step: PlannedStep, _ engine: Engine) async throws {
        let deadline = world.time.now.adding(seconds: patienceSeconds)
        var last = "nothing"
        while world.time.now < deadline {
            switch (goal, try await engine.standing(of: host.id).position(of: step.id)) {
            case (.verified, .verified), (.reverted, .reverted): return
            default: break
            }
            switch try await engine.advance(host.id) {
            case .did(_, let what): last = what
            case .gated(let ref, let answers):
                last = answers.map { "\($0.claim): \($0.verdict.answer): \($0.verdict.detail)" }.joined(separator: "; ")
                for answer in answers { try await settle(answer.clearedBy, ref) }
            case .waiting(let ref, let seen):
                last = "\(seen.verdict.answer): \(seen.verdict.detail)"
                try await settle(seen.clearedBy, ref)
            case .unknown(_, let what):
                last = what
                try await world.time.sleep(milliseconds: pauseMilliseconds)
            case .consentNeeded(let ref): try await record(Agreement(by: "trial", topic: ref.place))
            case .failed(let ref, let failure): throw Failure(description: "\(ref) failed on the way to \(goal): \(failure.what)")
            case .stopped(let stop): throw Failure(description: "\(step.place) stopped on the way to \(goal): \(stop)")
            case .finished, .settled: break
            }
        }
        throw Failure(description: "\(step.place) is not \(goal) after \(patienceSeconds) s: \(last)")
    }

    /// Lets time pass, or lets people say what is asked of them.
    private func settle(_ clearance: Gate.Clearance, _ ref: StepRef) async throws {
        guard case .person(let command) = clearance else { return try await world.time.sleep(milliseconds: pauseMilliseconds) }
        let agreements = try await agree(command, ref, engine(2))
        guard !agreements.isEmpty else { throw Failure(description: "\(ref): nobody can be asked for: \(command)") }
        for agreement in agreements { try await record(agreement) }
    }

    private func record(_ agreement: Agreement) async throws {
        try await engine(2, as: agreement.by).approve(host.id, topic: agreement.topic, reason: "trial", facts: agreement.facts)
    }

    private func expect(_ holds: Bool, _ step: PlannedStep, _ claim: @autoclosure () -> String) throws {
        if !holds { throw Failure(description: "\(step.place): not so: \(claim())") }
    }

    /// Names the lines that came and went.
    private func expectSame(_ before: String, _ after: String, _ step: PlannedStep, _ claim: String) throws {
        let (old, new) = (before.split(separator: "\n"), after.split(separator: "\n"))
        let changes = old.filter { !new.contains($0) }.map { "- \($0)" } + new.filter { !old.contains($0) }.map { "+ \($0)" }
        try expect(before == after, step, "\(claim)\n\(changes.joined(separator: "\n"))")
    }
}
