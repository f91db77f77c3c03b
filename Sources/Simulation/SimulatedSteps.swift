public import Cutover

extension StepCatalog {
    /// The same kinds with the same natures, requirements, exposure and words; what they do is done to a simulated host.
    public func simulated() -> StepCatalog {
        StepCatalog(
            entries.map { entry in
                Entry(
                    kind: entry.kind, nature: entry.nature, milestone: entry.milestone, requires: entry.requires, endedBy: entry.endedBy,
                    exposure: entry.exposure, settings: entry.settings, variants: entry.variants
                ) { step, _ in
                    switch entry.nature {
                    case .reversible: .reversible(SimulatedStep(place: step.place))
                    case .graceful: .reversible(SimulatedGrace(place: step.place, graceSeconds: step.spec.settings.seconds("grace") ?? 0))
                    case .irreversible: .irreversible(SimulatedEnd(place: step.place))
                    case .wait: .wait(SimulatedWait(step))
                    }
                }
            }, decisions: decisions, always: [veto])
    }
}

private let veto = Gate("the host does not say \"not now\"") { sight in
    do {
        if let objection = try await sight.ask(Simulated.Veto()).objection { return .shut(objection) }
        return .open(Evidence())
    } catch { return .unknown("its host does not answer") }
}

private func gate(_ place: String) -> Gate {
    Gate("nothing shuts the gate of \(place)") { sight in
        do {
            if let why = try await sight.ask(Simulated.Look(place: place)).shut { return .shut(why) }
            return .open(Evidence())
        } catch { return .unknown("its host does not answer") }
    }
}

private func find(_ place: String, _ sight: Sight) async throws(StepFailure) -> Finding {
    let seen = try await sight.ask(Simulated.Look(place: place))
    return seen.there ? .inPlace(Evidence()) : seen.half ? .partial(Evidence()) : .absent(Evidence())
}

private func act(_ place: String, _ part: Simulated.Act.Part, _ site: Site) async throws(StepFailure) -> Evidence {
    _ = try await site.carryOut(Simulated.Act(place: place, part: part))
    return Evidence()
}

struct SimulatedStep: ReversibleStep {
    let place: String
    var preconditions: [Gate] { [gate(place)] }
    var wayBack: [Gate] { [] }
    func preview(_ sight: Sight) async throws(StepFailure) -> Preview { Preview(commands: []) }
    func verify(_ sight: Sight) async throws(StepFailure) -> Finding { try await find(place, sight) }
    func perform(_ site: Site) async throws(StepFailure) -> Evidence { try await act(place, .whole, site) }
    func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence { try await act(place, .back, site) }
}

struct SimulatedGrace: GracefulStep {
    let place: String
    let graceSeconds: Int
    var preconditions: [Gate] { [gate(place)] }
    var wayBack: [Gate] { [] }
    func preview(_ sight: Sight) async throws(StepFailure) -> Preview { Preview(commands: []) }
    func verify(_ sight: Sight) async throws(StepFailure) -> Finding { try await find(place, sight) }
    func setAside(_ site: Site) async throws(StepFailure) -> Evidence { try await act(place, .first, site) }
    func perform(_ site: Site) async throws(StepFailure) -> Evidence { try await act(place, .whole, site) }
    func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence { try await act(place, .back, site) }
}

struct SimulatedEnd: IrreversibleStep {
    let place: String
    var preconditions: [Gate] { [gate(place)] }
    func preview(_ sight: Sight) async throws(StepFailure) -> Preview { Preview(commands: []) }
    func verify(_ sight: Sight) async throws(StepFailure) -> Finding { try await find(place, sight) }
    func perform(_ site: Site, with consent: Consent) async throws(StepFailure) -> Evidence { try await act(place, .whole, site) }
}

/// A wait over the samples of a simulated watch; one without a window opens as soon as two samples are green.
struct SimulatedWait: Wait {
    let place: String
    let windowSeconds: Int
    let everySeconds: Int
    let longestGapSeconds: Int

    /// Samples further apart than the plan's make a simulation quicker, and change what is covered by a sample at most.
    private static let samplesPerWindow = 400

    init(_ step: PlannedStep) {
        let settings = step.spec.settings
        place = step.place
        windowSeconds = settings.seconds("window") ?? 0
        let every = settings.seconds("sampleEvery") ?? 900
        longestGapSeconds = settings.seconds("longestGap") ?? every * 8
        everySeconds = max(1, max(every, min(longestGapSeconds / 2, windowSeconds / Self.samplesPerWindow)))
    }

    var preconditions: [Gate] { [] }
    func preview(_ sight: Sight) async throws(StepFailure) -> Preview { Preview(commands: []) }
    func verify(_ sight: Sight) async throws(StepFailure) -> Finding { .absent(Evidence(["effect": "none"])) }

    func tend(_ site: Site, began: OperationID) async throws(StepFailure) -> Evidence {
        _ = try await site.carryOut(
            Simulated.BeginSamples(place: place, began: began, everySeconds: everySeconds, longestGapSeconds: longestGapSeconds))
        return Evidence()
    }

    func observe(_ sight: Sight, began: OperationID) async -> Observation {
        do {
            let seen = try await sight.ask(Simulated.Samples(place: place, began: began))
            let tending = seen.runs ? nil : "nobody samples"
            let covered = ClockReading.coveredMilliseconds(seen.stretches) / 1000
            if covered >= windowSeconds, seen.samples > 1, !seen.isRed {
                return Observation(.open(Evidence(["covered": String(covered)])), needsTending: tending, clock: ClockReading(seen.stretches))
            }
            let patrol = max(everySeconds, Spread.about(min(longestGapSeconds / 2, 3600), "\(sight.ref.tenant) \(sight.time.now)"))
            return Observation(
                .shut("\(seen.words) of \(windowSeconds) s"), needsTending: tending, clock: ClockReading(seen.stretches),
                again: sight.time.now.adding(seconds: max(1, everySeconds, min(windowSeconds - Int(covered), patrol))))
        } catch { return Observation(.unknown(error.what)) }
    }
}
