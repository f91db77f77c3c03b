public import Cutover

/// Tries one step the hard way, through the engine: preview changes nothing; perform, verify, revert, perform again;
/// and the controller dies at every append of each way, before and after it was durable, and another one finishes the work.
public struct StepTrial: Sendable {
    /// A fresh tenant for each attempt.
    public struct World: Sendable {
        public let transport: any Transport
        /// Everything that looking must not change, as text.
        public let picture: @Sendable () async -> String
        public init(transport: any Transport, picture: @escaping @Sendable () async -> String) {
            self.transport = transport
            self.picture = picture
        }
    }

    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private enum Goal { case before, verified, reverted }

    let plan: Plan
    let planned: PlannedStep
    let before: StepID?
    let catalog: StepCatalog
    let host: TenantHost
    let consents: [String]
    let world: @Sendable () async throws -> World

    /// Traps when `plan` has no such step. Its steps up to `step` are the prerequisites; approvals are left out.
    /// - Parameter consents: topics that the step's gates want agreed to.
    public init(
        of step: StepID, in plan: Plan, catalog: StepCatalog, host: TenantHost, consents: [String] = [],
        world: @escaping @Sendable () async throws -> World
    ) {
        guard let index = plan.steps.firstIndex(where: { $0.id == step }) else { preconditionFailure("the plan has no step \(step)") }
        self.planned = plan.steps[index]
        self.before = index == 0 ? nil : plan.steps[index - 1].id
        self.plan = Self.cut(plan, after: index)
        self.catalog = catalog
        self.host = host
        self.consents = consents
        self.world = world
    }

    /// Throws a `Failure` that names what did not hold.
    public func run() async throws {
        try await tryEachWay()
        try await dieOnTheWay(from: .before, to: .verified)
        if isReversible { try await dieOnTheWay(from: .verified, to: .reverted) }
    }

    // MARK: - Non public

    private var isReversible: Bool { if case .irreversible = catalog.nature(of: planned.spec.kind) { false } else { true } }

    private func tryEachWay() async throws {
        let (world, journal, time) = (try await world(), MemoryJournal(), ManualTime())
        let engine = engine(1, world, journal, time)
        try await go(to: .before, engine, time)
        let picture = await world.picture()
        let preview = try await engine.preview(host.id)
        try expect(preview.steps.first?.step == planned.place, "preview names the step")
        try expect(!(preview.steps.first?.commands.isEmpty ?? true), "preview shows the commands")
        try expect(await world.picture() == picture, "preview changes nothing")
        try await go(to: .verified, engine, time)
        let looked = await world.picture()
        let checked = try await engine.check(host.id)
        try expect(checked.allSatisfy { $0.step != planned.place || $0.finding.isInPlace }, "check finds it in place")
        try expect(await world.picture() == looked, "verify changes nothing")
        guard isReversible else { return }
        try await turnBack(engine)
        try await go(to: .reverted, engine, time)
        try await engine.reopen(host.id, reason: "trial: forward again")
        try await go(to: .verified, engine, time)
    }

    private func dieOnTheWay(from start: Goal, to goal: Goal) async throws {
        for death in [MemoryJournal.Death.before, .after] {
            var append = 0
            var hasDied = true
            while hasDied {
                append += 1
                let (world, journal, time) = (try await world(), MemoryJournal(), ManualTime())
                let first = engine(1, world, journal, time)
                try await go(to: start, first, time)
                if goal == .reverted { try await turnBack(first) }
                await journal.die(atAppend: append, death)
                do { try await go(to: goal, first, time) } catch is EngineError {}
                hasDied = await journal.hasDied
                await journal.revive()
                do { try await go(to: goal, engine(2, world, journal, time), time) } catch {
                    throw Failure(description: "\(planned.place): after a death \(death) append \(append) on the way to \(goal): \(error)")
                }
                let flaws = JournalAudit(try await journal.records()).flaws
                try expect(flaws.isEmpty, "the journal is whole after a death at append \(append): \(flaws)")
            }
        }
    }

    private func engine(_ number: Int, _ world: World, _ journal: MemoryJournal, _ time: ManualTime) -> Engine {
        let transport = world.transport
        return Engine(
            plan: plan, fleet: Fleet(tenants: [host]), catalog: catalog, journal: journal, time: time, me: "trial",
            holder: LeaseHolder(name: "controller-\(number)", seconds: 60, gone: { _ in true })
        ) { _ in transport }
    }

    private func turnBack(_ engine: Engine) async throws { try await engine.requestRevert(host.id, to: before, reason: "trial") }

    /// Advances until the goal, letting time pass where the step waits and giving the consents that were announced.
    private func go(to goal: Goal, _ engine: Engine, _ time: ManualTime) async throws {
        for _ in 0..<1000 {
            let standing = try await engine.standing(of: host.id)
            if isReached(goal, standing) { return }
            for topic in consents where !standing.consents.contains(where: { $0.topic == topic }) {
                try await engine.approve(host.id, topic: topic, reason: "trial")
            }
            switch try await engine.advance(host.id) {
            case .did: break
            case .waiting, .unknown: time.advance(seconds: 600)
            case .consentNeeded(let ref): try await engine.approve(host.id, topic: ref.place, reason: "trial")
            case .finished, .settled: try expect(isReached(goal, try await engine.standing(of: host.id)), "\(goal) is reached before the end")
            case .gated(let ref, let answers):
                let text = answers.map { "\($0.claim): \($0.verdict.detail)" }.joined(separator: "; ")
                throw Failure(description: "\(ref) is gated: \(text)")
            case .failed(let ref, let failure): throw Failure(description: "\(ref) failed: \(failure.what)")
            case .stopped(let stop): throw Failure(description: "stopped: \(stop)")
            }
        }
        throw Failure(description: "\(planned.place): \(goal) is not reached in 1000 decisions")
    }

    private func isReached(_ goal: Goal, _ standing: Standing) -> Bool {
        switch goal {
        case .before:
            guard standing.planDigest == plan.digest else { return false }
            return before.map { standing.position(of: $0) == .verified } ?? true
        case .verified: return standing.position(of: planned.id) == .verified
        case .reverted: return standing.position(of: planned.id) == .reverted
        }
    }

    private func expect(_ holds: Bool, _ claim: String) throws {
        if !holds { throw Failure(description: "\(planned.place): not so: \(claim)") }
    }

    private static func cut(_ plan: Plan, after index: Int) -> Plan {
        var left = index + 1
        let phases = plan.phases.map { phase in
            let steps = phase.steps.prefix(max(left, 0)).map { StepSpec(id: $0.id, kind: $0.kind, settings: $0.settings) }
            left -= phase.steps.count
            return Phase(id: phase.id, steps: steps)
        }
        return Plan(
            name: plan.name, revision: plan.revision, author: plan.author, digest: plan.digest, ownState: plan.ownState, decisions: plan.decisions, phases: phases,
            rollout: plan.rollout)
    }
}
