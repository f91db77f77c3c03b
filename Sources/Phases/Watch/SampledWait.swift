import Cutover
import DataPath

/// A wait whose gate opens when the watch's samples have covered the window without a red.
struct SampledWait: Wait {
    let kind: SamplingProfile.Kind
    let table: LegacyTable
    let sidecar: Sidecar
    let windowSeconds: Int
    let everySeconds: Int
    let longestGapSeconds: Int
    var limits: ChangesSince.Limits?
    var metric: PrometheusQuery?

    var preconditions: [Gate] {
        [
            .reading("the watch can sample", SidecarState(sidecar: sidecar)) { state, _ in
                state.problems.isEmpty ? .open(Evidence()) : .shut(state.problems.joined(separator: "; "))
            }
        ]
    }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview {
        Preview(commands: [
            sight.commandLine(.writing, BeginSampling.kind) + " every \(everySeconds) s",
            sight.commandLine(.reading, SamplesSince.kind) + " until \(windowSeconds) s are covered without a gap over \(longestGapSeconds) s",
        ])
    }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding { .absent(Evidence(["effect": "none"])) }

    func tend(_ site: Site, began: OperationID) async throws(StepFailure) -> Evidence {
        let profile = SamplingProfile(kind: kind, table: table, everySeconds: everySeconds, marker: began, sidecar: sidecar, limits: limits, signed: signed(site.sight), metric: metric)
        let started = try await site.carryOut(BeginSampling(profile: profile))
        return Evidence(["watchPid": String(started.pid)])
    }

    func observe(_ sight: Sight, began: OperationID) async -> Observation {
        do {
            let (samples, asked) = (SamplesSince(marker: began, longestGapSeconds: longestGapSeconds), sight.time.now)
            var asks: [any Reading] = [samples]
            if let limits { asks.append(ReadChanges(limits: limits, table: table)) }
            let sight = await sight.having(asks)
            let seen = try await sight.ask(samples)
            let clock = ClockReading(seen.stretches, skew: seen.now.map { ClockSkew(host: $0, asked: asked, answered: sight.time.now) })
            var trouble = seen.watchRuns ? (seen.profileSet ? nil : "the watch samples for another wait") : "the watch does not run"
            if let limits {
                let unsigned = try await sight.ask(ReadChanges(limits: limits, table: table)).unsigned(sight.consents)
                if !unsigned.isEmpty {
                    let next = "cutoverctl approve \(sight.ref.tenant) --changes all --reason TEXT"
                    return Observation(.shut(unsigned.map(\.words).joined(separator: "; ")), needsTending: trouble, clearedBy: .person(next), clock: clock)
                }
                if trouble == nil, seen.signed != signed(sight) { trouble = "the watch does not know yet what was signed" }
            }
            // From what is journalled, so that anybody comes to the same.
            let covered = Int(ClockReading.coveredMilliseconds(seen.stretches) / 1000)
            let counted = "\(covered) s of \(windowSeconds) s covered, \(seen.samples) samples, \(seen.gaps) gaps, \(seen.resets) resets, \(seen.pauses) pauses"
            if covered >= windowSeconds {
                return Observation(.open(facts(["covered": covered, "samples": seen.samples, "resets": seen.resets, "evidence": seen.digest])), needsTending: trouble, clock: clock)
            }
            return Observation(
                .shut(counted + (seen.lastTrouble.map { "; last trouble: \($0)" } ?? "")), needsTending: trouble, clock: clock,
                again: sight.time.now.adding(seconds: secondsToNextLook(sight, covered: covered)))
        } catch {
            return Observation(.unknown(error.what))
        }
    }

    /// Not before the window can be full. In between often enough that a watch which died is begun again before it leaves a gap, and that a red is
    /// told within the hour.
    private func secondsToNextLook(_ sight: Sight, covered: Int) -> Int {
        let patrol = max(everySeconds, Spread.about(min(longestGapSeconds / 2, 3600), "\(sight.ref.tenant) \(sight.time.now)"))
        return max(1, everySeconds, min(windowSeconds - covered, patrol))
    }

    func remembered(_ sight: Sight) async throws(StepFailure) -> RememberedWait? { try await sight.ask(SamplingUnderWay(profile: kind, table: table)).wait }

    private func signed(_ sight: Sight) -> [String: String]? { limits.map { _ in ReadChanges.Result.signed(sight.consents) } }
}
