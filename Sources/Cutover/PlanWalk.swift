/// Every state that a tenant can come to under a plan, and those of them from which no way leads on, or none back to the start.
///
/// States are found by `decide` and `apply` and nothing else, beginning with a tenant that has adopted the plan. Two that differ only in
/// a step never begun and a step taken back are one: neither function tells them apart. Mishaps lead to states like everything else, but
/// no way may need one: that a step happens to be found gone is no way back.
public struct PlanWalk: Sendable {
    public struct DeadEnd: Sendable, Equatable {
        public enum Way: String, Sendable { case forward, back }
        public let way: Way
        /// The step at which the tenant is stuck, and where that step is.
        public let step: PlannedStep
        public let position: Standing.Position
        /// The last step after it that has something to take back.
        public let stranded: PlannedStep?
    }

    /// How many there are.
    public let states: Int
    /// One a step and way. What can't be undone is none where nothing comes after it that would have to be taken back: who consented to
    /// it, consented to that.
    public let deadEnds: [DeadEnd]

    /// - Parameter goneAtOnce: how many finished steps may be found gone, at the same time, while later ones stand. Each of them multiplies
    ///   the states, and they are done anew one after the other.
    public init(_ plan: Plan, catalog: StepCatalog, goneAtOnce: Int) {
        let road = Road(plan, catalog, goneAtOnce)
        let map = Map(road)
        states = map.standings.count
        deadEnds = Self.deadEnds(.forward, map, road) + Self.deadEnds(.back, map, road)
    }

    private static func deadEnds(_ way: DeadEnd.Way, _ map: Map, _ road: Road) -> [DeadEnd] {
        let lost = map.lost { road.ends($0, way) }
        let stuck = lost.filter { road.isStuck(map.standings[$0], way) }
        var found: [DeadEnd] = []
        // A circle without an end has nobody who is stuck: then whoever is lost stands for it.
        for index in stuck.isEmpty ? Array(lost.prefix(1)) : stuck {
            guard let end = road.deadEnd(map.standings[index], way), !found.contains(where: { $0.step == end.step }) else { continue }
            found.append(end)
        }
        return found
    }
}

/// A plan with what the catalogue makes of it.
private struct Road {
    let plan: Plan
    let steps: [PlannedStep]
    let catalog: StepCatalog
    let made: [StepID: AnyStep]
    let goneAtOnce: Int

    init(_ plan: Plan, _ catalog: StepCatalog, _ goneAtOnce: Int) {
        self.plan = plan
        self.steps = plan.steps
        self.catalog = catalog
        self.made = Dictionary(plan.steps.compactMap { step in catalog.make(step, in: plan).map { (step.id, $0) } }) { first, _ in first }
        self.goneAtOnce = goneAtOnce
    }

    func after(_ standing: Standing) -> [(Standing, isWay: Bool)] {
        let mayGo = gone(standing) < goneAtOnce
        return standing.possibleEvents(under: plan, catalog: catalog, made: made).compactMap { change in
            if case .verified(let ref, let finding) = change, !finding.isInPlace, standing.position(of: ref.step) == .verified, !mayGo { return nil }
            var next = standing
            next.apply(Event(imagined: change))
            return (next, isWay(change, from: standing))
        }
    }

    /// What goes as it should, or what a person asks for.
    private func isWay(_ change: Event.Change, from standing: Standing) -> Bool {
        switch change {
        case .failed, .becameUnknown, .abandoned: return false
        case .verified(let ref, let finding):
            guard case .revertInDoubt = standing.position(of: ref.step) else { return finding.isInPlace }
            return finding.isAbsent
        default: return true
        }
    }

    /// How many steps are not in place though later ones were begun.
    private func gone(_ standing: Standing) -> Int {
        guard let last = steps.lastIndex(where: { !standing.position(of: $0.id).isAway }) else { return 0 }
        return steps[..<last].count { standing.position(of: $0.id) != .verified }
    }

    func ends(_ standing: Standing, _ way: PlanWalk.DeadEnd.Way) -> Bool {
        let decision = standing.decide(under: plan, catalog: catalog)
        return way == .forward ? decision == .finished : decision == .settled
    }

    /// On that way nothing more can be recorded.
    func isStuck(_ standing: Standing, _ way: PlanWalk.DeadEnd.Way) -> Bool {
        guard (standing.direction == .forward) == (way == .forward) else { return false }
        return standing.outcomes(standing.decide(under: plan, catalog: catalog), plan, made).isEmpty && !hasFailed(standing)
    }

    private func hasFailed(_ standing: Standing) -> Bool {
        if case .stop(.failed) = standing.decide(under: plan, catalog: catalog) { true } else { false }
    }

    /// Nil where whoever came so far consented to having no way back.
    func deadEnd(_ standing: Standing, _ way: PlanWalk.DeadEnd.Way) -> PlanWalk.DeadEnd? {
        let begun = steps.lastIndex { !standing.position(of: $0.id).isAway }
        let ahead = steps.firstIndex { standing.position(of: $0.id) != .verified }
        guard let at = way == .forward ? ahead : begun else { return nil }
        let stranded = steps[(at + 1)...].last { [.reversible, .graceful].contains(catalog.nature(of: $0.spec.kind)) }
        if way == .back, stranded == nil, catalog.nature(of: steps[at].spec.kind) == .irreversible { return nil }
        return PlanWalk.DeadEnd(way: way, step: steps[at], position: standing.position(of: steps[at].id), stranded: stranded)
    }
}

/// The states, and the ways between them.
private struct Map {
    private(set) var standings: [Standing] = []
    /// From where a way leads to each.
    private var before: [[Int]] = []

    init(_ road: Road) {
        var start = Standing("TENANT", genesis: "")
        start.apply(Event(imagined: .planAdopted(digest: road.plan.digest, name: road.plan.name, revision: road.plan.revision, wave: "")))
        var known: [Key: Int] = [:]
        func index(of standing: Standing, in map: inout Map) -> Int {
            let key = Key(standing, road.steps)
            if let index = known[key] { return index }
            known[key] = map.standings.count
            map.standings.append(standing)
            map.before.append([])
            return map.standings.count - 1
        }
        var here = index(of: start, in: &self)
        while here < standings.count {
            for (next, isWay) in road.after(standings[here]) {
                let there = index(of: next, in: &self)
                if isWay, there != here { before[there].append(here) }
            }
            here += 1
        }
    }

    /// From these no way leads to where it ends, those nearest to the start first.
    func lost(_ ends: (Standing) -> Bool) -> [Int] {
        var reaches = standings.map(ends)
        var open = reaches.indices.filter { reaches[$0] }
        while let here = open.popLast() {
            for index in before[here] where !reaches[index] {
                reaches[index] = true
                open.append(index)
            }
        }
        return reaches.indices.filter { !reaches[$0] }
    }

    /// All of a standing that decides.
    private struct Key: Hashable {
        let positions: [UInt8]
        let isForward: Bool
        init(_ standing: Standing, _ steps: [PlannedStep]) {
            isForward = standing.direction == .forward
            positions = steps.map { standing.position(of: $0.id).rank + (standing.consent(to: $0) == nil ? 0 : 16) }
        }
    }
}

extension Standing.Position {
    fileprivate var rank: UInt8 {
        switch self {
        case .pending, .reverted: 0
        case .halfDone: 1
        case .inDoubt: 2
        case .inGrace: 3
        case .performed: 4
        case .waiting: 5
        case .verified: 6
        case .failed: 7
        case .revertInDoubt: 8
        case .revertFailed: 9
        }
    }
}
