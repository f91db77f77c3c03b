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
            case .notAdmitted(.baking(let text, let until)): .notAdmitted(.baking(text.filter { !$0.isNumber }, until: until))
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

        /// Nothing more is to be done.
        public var isFinal: Bool {
            switch self {
            case .finished, .reached, .settled: true
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
    let manner: Manner
    let report: @Sendable (TenantID, Outcome) -> Void

    /// How it goes about its work.
    public struct Manner: Sendable {
        /// Goes on until all is done: waits for people as well, and for a journal that does not answer.
        public var isUnattended = false
        /// Looks every day whether what was finished is still there, and tells what is otherwise than it was.
        public var rechecks: (@Sendable (TenantID, Engine.Recheck) -> Void)?
        /// Rung when something outside may have changed: the journal, a hold file, a wish to stop. Without one, the loop polls, and rests only when nothing is under way.
        public var bell: Bell?
        /// With a bell: how long to rest at most, whatever is known to come.
        public var longestRestMilliseconds = 600_000
        /// Something came into the journal, by this loop or by others.
        public var heard: (@Sendable () -> Void)?
        /// How many tenants are asked at the same time.
        public var atATime = 256
        public var account = RunAccount()
        public init() {}
    }

    public init(
        engine: Engine, tenants: [TenantID], target: StepID? = nil, byWaves: Bool, oneStep: Bool = false, renewsHand: @escaping @Sendable (TenantID) -> Bool = { _ in true },
        pollMilliseconds: Int = 500, manner: Manner = Manner(), isStopping: @escaping @Sendable () -> Bool = { false }, report: @escaping @Sendable (TenantID, Outcome) -> Void
    ) {
        self.engine = engine
        self.tenants = tenants
        self.target = target
        self.byWaves = byWaves
        self.oneStep = oneStep
        self.renewsHand = renewsHand
        self.pollMilliseconds = pollMilliseconds
        self.manner = manner
        self.isStopping = isStopping
        self.report = report
    }

    /// Whose host was looked at for the build that stands there: once a run.
    private let looked = Looked()

    private actor Looked {
        private var tenants: Set<TenantID> = []
        func isFirst(_ tenant: TenantID) -> Bool { tenants.insert(tenant).inserted }
    }

    /// Runs until nothing can change without a person, or until told to stop; unattended, until all is done.
    /// `patience` is how many polls' time may pass with nothing but shut gates that time might open.
    public func run(waitForClocks: Bool, patience: Int) async throws(EngineError) -> [TenantID: Outcome] {
        try await FleetLoop(self, waitsForClocks: waitForClocks, patienceMilliseconds: Int64(patience) * Int64(pollMilliseconds)).run()
    }

    /// What one decision came to, and before when there is no use in another one.
    struct Answer: Sendable {
        let outcome: Outcome
        var again: Timestamp?
        var isVerified = false
    }

    /// One decision of one tenant, as an outcome.
    func burst(_ tenant: TenantID, _ engine: Engine) async -> Result<Answer, EngineError> {
        do throws(EngineError) {
            if renewsHand(tenant), await looked.isFirst(tenant) {
                switch try await engine.renewHand(tenant) {
                case .opened(let ref): return .success(Answer(outcome: .advanced("\(ref.place) opened: another build of the program stands there")))
                case .goneOn(let ref): return .success(Answer(outcome: .advanced("\(ref.place) as it is: this build of the program stood there before, and another one does now")))
                case nil: break
                }
            }
            if let target {
                let standing = try await engine.standing(of: tenant)
                if case .verified = standing.position(of: target) { return .success(Answer(outcome: .reached)) }
            }
            let advance = try await engine.advance(tenant)
            let seen: Observation? = if case .waiting(_, let seen) = advance { seen } else { nil }
            return .success(Answer(outcome: Self.outcome(of: advance), again: seen?.again, isVerified: advance.hasVerified))
        } catch {
            if let elsewhere = error.elsewhere { return .success(elsewhere) }
            switch error {
            case .noPlace(let admission): return .success(Answer(outcome: .notAdmitted(admission)))
            case .journal: return .failure(error)
            // What is wrong with one tenant must not stop the others.
            default: return .success(Answer(outcome: .failed("\(error)")))
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
    var elsewhere: FleetRun.Answer? {
        switch self {
        case .journal(.leased(_, let holder, let until)): FleetRun.Answer(outcome: .leased("\(holder) until \(until)"), again: until)
        case .journal(.superseded(_, let fence, let newest)): FleetRun.Answer(outcome: .leased("another holder since: fence \(newest) is newer than \(fence)"))
        case .journal(.conflict(_, let found)): FleetRun.Answer(outcome: .leased("another one wrote at the same moment: it stands at revision \(found)"))
        default: nil
        }
    }
}
