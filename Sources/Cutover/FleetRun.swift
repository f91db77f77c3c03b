/// The loop: advances what may advance until everything is done or only people can help.
public struct FleetRun: Sendable {
    public enum Outcome: Sendable, Equatable {
        case advanced(String), waiting(String), gatedByTime(String), gatedByPerson(String), failed(String), unknown(String)
        case leased(String), held(String), notAdmitted(Rollout.Admission), finished, reached, settled

        /// What is worth telling again only when it changes: a wait that merely counts on is the same wait.
        var gist: Outcome {
            switch self {
            case .waiting(let text): .waiting(text.filter { !$0.isNumber })
            case .gatedByTime(let text): .gatedByTime(text.filter { !$0.isNumber })
            case .gatedByPerson(let text): .gatedByPerson(text.filter { !$0.isNumber })
            // Another worker renews its lease again and again.
            case .leased: .leased("")
            default: self
            }
        }

        var isNotAdmitted: Bool { if case .notAdmitted = self { true } else { false } }

        var isLeased: Bool { if case .leased = self { true } else { false } }

        /// Only time is needed, and it will pass.
        var isClock: Bool {
            switch self {
            case .waiting, .notAdmitted(.baking): true
            default: false
            }
        }

        /// May this change without a person? A tenant that is not admitted only follows another one's change, or a bake.
        var mayChange: Bool {
            switch self {
            case .advanced, .waiting, .gatedByTime, .leased, .notAdmitted(.baking): true
            default: false
            }
        }

        /// That another tenant moved is no reason to ask again.
        var isItsOwn: Bool {
            switch self {
            case .waiting, .gatedByTime, .gatedByPerson: true
            default: false
            }
        }
    }

    let engine: Engine
    let tenants: [TenantID]
    /// Stop a tenant when this step is verified; nil runs to the plan's end.
    let target: StepID?
    /// Only tenants that waves and budget admit; false for an explicit `advance`.
    let byWaves: Bool
    let oneStep: Bool
    /// For whom that is opened which puts the program on a host, where another build stands there.
    let renewsHand: @Sendable (TenantID) -> Bool
    let pollMilliseconds: Int
    /// Once true, nothing new begins. Cancelling the task would also tear down what is under way.
    let isStopping: @Sendable () -> Bool
    let report: @Sendable (TenantID, Outcome) -> Void

    public init(
        engine: Engine, tenants: [TenantID], target: StepID? = nil, byWaves: Bool, oneStep: Bool = false, renewsHand: @escaping @Sendable (TenantID) -> Bool = { _ in true },
        pollMilliseconds: Int = 500, isStopping: @escaping @Sendable () -> Bool = { false }, report: @escaping @Sendable (TenantID, Outcome) -> Void
    ) {
        self.engine = engine
        self.tenants = tenants
        self.target = target
        self.byWaves = byWaves
        self.oneStep = oneStep
        self.renewsHand = renewsHand
        self.pollMilliseconds = pollMilliseconds
        self.isStopping = isStopping
        self.report = report
    }

    /// Whose host was looked at for the build that stands there: once a run.
    private let looked = Looked()

    private actor Looked {
        private var tenants: Set<TenantID> = []
        func isFirst(_ tenant: TenantID) -> Bool { tenants.insert(tenant).inserted }
    }

    /// Runs until nothing can change without a person, or until told to stop.
    /// `patience` is how many polls in a row, or their time, may bring nothing but shut gates that time might open.
    public func run(waitForClocks: Bool, patience: Int) async throws(EngineError) -> [TenantID: Outcome] {
        var outcomes: [TenantID: Outcome] = [:]
        var idle = 0
        var lastMove = engine.time.now
        var asked: [TenantID: Timestamp] = [:]
        while !Task.isCancelled, !isStopping() {
            let now = engine.time.now
            // While others move on, who waits is asked no more often than when nobody does.
            let resting = outcomes.filter { tenant, outcome in
                outcome.isItsOwn && asked[tenant].map { now.milliseconds - $0.milliseconds < Int64(pollMilliseconds) } == true
            }
            for tenant in tenants where resting[tenant] == nil { asked[tenant] = now }
            let round = try await round(resting)
            var moved = false
            var news = false
            for (tenant, outcome) in round {
                if outcomes[tenant]?.gist != outcome.gist {
                    report(tenant, outcome)
                    news = true
                }
                if case .advanced = outcome { moved = true }
                outcomes[tenant] = outcome
            }
            // Who may begin was asked before this round; what the round brought may have changed the answer.
            if news, outcomes.values.contains(where: \.isNotAdmitted) { moved = true }
            if oneStep { break }
            if moved {
                idle = 0
                lastMove = engine.time.now
                continue
            }
            let open = outcomes.values.filter(\.mayChange)
            idle += 1
            if open.isEmpty || (!waitForClocks && open.allSatisfy(\.isClock)) { break }
            let idleMilliseconds = engine.time.now.milliseconds - lastMove.milliseconds
            // Who is another worker's is come back to as well: that one may die on the way.
            let isWaitedFor = waitForClocks && open.contains { $0.isClock || $0.isLeased }
            // A gate can take long to answer: polls alone would make a minute's patience many.
            if !isWaitedFor && (idle > patience || idleMilliseconds > Int64(patience * pollMilliseconds)) { break }
            guard (try? await engine.time.sleep(milliseconds: pollMilliseconds)) != nil else { break }
        }
        return outcomes
    }

    /// - Parameter resting: who is not asked, and keeps the outcome.
    private func round(_ resting: [TenantID: Outcome]) async throws(EngineError) -> [(TenantID, Outcome)] {
        let (admissions, begun): ([TenantID: Rollout.Admission], [TenantID: Result<Outcome, EngineError>])
        do throws(EngineError) { (admissions, begun) = try await admit() } catch {
            // Another worker is letting tenants begin, or died of it: its lease of the fleet's stream ends as any other one.
            guard let outcome = error.elsewhere else { throw error }
            return tenants.map { ($0, resting[$0] ?? outcome) }
        }
        let engine = byWaves ? engine.askingForPlaces() : engine
        let results: [(TenantID, Result<Outcome, EngineError>)] = await withTaskGroup(of: (TenantID, Result<Outcome, EngineError>).self) { group in
            for tenant in tenants {
                if let outcome = begun[tenant] {
                    group.addTask { (tenant, outcome) }
                } else if let outcome = resting[tenant] {
                    group.addTask { (tenant, .success(outcome)) }
                } else if let admission = admissions[tenant], admission != .admitted {
                    group.addTask { (tenant, .success(.notAdmitted(admission))) }
                } else {
                    group.addTask { (tenant, await burst(tenant, engine)) }
                }
            }
            var all: [(TenantID, Result<Outcome, EngineError>)] = []
            for await result in group { all.append(result) }
            return all
        }
        var outcomes: [(TenantID, Outcome)] = []
        for (tenant, result) in results.sorted(by: { $0.0 < $1.0 }) { outcomes.append((tenant, try result.get())) }
        return outcomes
    }

    private func admit() async throws(EngineError) -> ([TenantID: Rollout.Admission], [TenantID: Result<Outcome, EngineError>]) {
        guard byWaves else { return ([:], [:]) }
        return try await engine.admit(tenants) { engine, tenant in await burst(tenant, engine) }
    }

    /// One decision of one tenant, as an outcome.
    private func burst(_ tenant: TenantID, _ engine: Engine) async -> Result<Outcome, EngineError> {
        do throws(EngineError) {
            if renewsHand(tenant), await looked.isFirst(tenant) {
                switch try await engine.renewHand(tenant) {
                case .opened(let ref): return .success(.advanced("\(ref.place) opened: another build of the program stands there"))
                case .goneOn(let ref): return .success(.advanced("\(ref.place) as it is: this build of the program stood there before, and another one does now"))
                case nil: break
                }
            }
            if let target {
                let standing = try await engine.standing(of: tenant)
                if case .verified = standing.position(of: target) { return .success(.reached) }
            }
            return .success(Self.outcome(of: try await engine.advance(tenant)))
        } catch {
            if let elsewhere = error.elsewhere { return .success(elsewhere) }
            switch error {
            case .noPlace(let admission): return .success(.notAdmitted(admission))
            case .journal: return .failure(error)
            // What is wrong with one tenant must not stop the others.
            default: return .success(.failed("\(error)"))
            }
        }
    }

    public static func outcome(of advance: Advance) -> Outcome {
        switch advance {
        case .did(let ref, let what): .advanced("\(ref.map { "\($0.place) " } ?? "")\(what)")
        case .gated(let ref, let answers): gated(ref, answers)
        case .waiting(let ref, let seen):
            switch seen.clearedBy {
            case .time: .waiting("\(ref.place) \(seen.verdict.detail)")
            case .person: .gatedByPerson("\(ref.place) \(seen.verdict.detail)")
            }
        case .failed(let ref, let failure): .failed("\(ref.place) \(failure.what)")
        case .unknown(let ref, let detail): .unknown("\(ref.place) \(detail)")
        case .consentNeeded(let ref): .gatedByPerson("\(ref.place) can't be undone and wants a consent: cutoverctl approve \(ref.tenant) \(ref.place)")
        case .stopped(.held(let by, let reason)): .held("by \(by): \(reason)")
        case .stopped(.abandoned(let by, let reason)): .held("abandoned by \(by): \(reason)")
        case .stopped(.quarantined(let why)): .gatedByPerson("quarantined: \(why)")
        case .stopped(.failed(let ref, let failure)): .failed("\(ref.place) \(failure.what)")
        case .stopped(.noWayBack(let ref)): .failed("\(ref.place) can't be undone, nothing brings back what it removed: cutoverctl history \(ref.tenant)")
        case .stopped(.planChanged(let adopted)): .failed("it has adopted another plan (\(adopted.prefix(12))): cutoverctl adopt --preview")
        case .stopped(.newerPlan(let adopted)): .failed("it has adopted revision \(adopted) of the plan, and this one is older: use revision \(adopted)")
        case .stopped(.unknownTarget(let step)): .failed("its way back is to end at \(step), which this plan does not have: cutoverctl preview lists what it has")
        case .finished: .finished
        case .settled: .settled
        }
    }

    private static func gated(_ ref: StepRef, _ answers: [GateAnswer]) -> Outcome {
        let text = answers.map { "\($0.claim): \($0.verdict.answer), \($0.verdict.detail)" }.joined(separator: "; ")
        let person = answers.contains { if case .person = $0.clearedBy { $0.verdict.answer == "shut" } else { false } }
        return person ? .gatedByPerson("\(ref.place) \(text)") : .gatedByTime("\(ref.place) \(text)")
    }
}

extension EngineError {
    /// Another worker is at it, or has been meanwhile: passed over, and come back to. Nil for anything else.
    fileprivate var elsewhere: FleetRun.Outcome? {
        switch self {
        case .journal(.leased(_, let holder, let until)): .leased("\(holder) until \(until)")
        case .journal(.superseded(_, let fence, let newest)): .leased("another holder since: fence \(newest) is newer than \(fence)")
        case .journal(.conflict(_, let found)): .leased("another one wrote at the same moment: it stands at revision \(found)")
        default: nil
        }
    }
}
