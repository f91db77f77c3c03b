public import Cutover
public import Host
import Simulation

/// The one resident thing on a tenant's host, as far as it samples; that it keeps the stores in step is the model's own life.
extension SimulatedTenant {
    /// When the next sample is due; nil where nothing is sampled.
    public var nextSample: Timestamp? { now { $0.host.watchRuns && !$0.isDeleted ? $0.host.sampling?.next : nil } }

    /// Takes one sample if one is due: what was not taken in its time is a gap, and stays one.
    public func watch(to moment: Timestamp, evidence: EvidenceLedger) async {
        agentsWork(from: moment, to: moment)
        let isWatched = now { $0.host.watchRuns && !$0.isDeleted }
        guard isWatched else { return }
        let sight = HostSight(tenant: id, statePath: Self.folder(of: evidence), envPath: "")
        let tally = SimulatedTally(tenant: self)
        let token = now { model in String(model.chance.next(), radix: 16) }
        tally.pulse(sight, token: token)
        let due: HostSide.Sampling? = now { model in
            guard let sampling = model.host.sampling, sampling.next <= model.today else { return nil }
            let next = model.today.adding(seconds: sampling.everySeconds)
            model.host.sampling?.next = next
            return sampling
        }
        guard let due else { return }
        let sample: Sample
        if let why = await tally.disagreement(on: sight) {
            sample = Sample(.safety, why)
        } else {
            let entries = (try? evidence.entries()) ?? []
            let database = clocks.database
            sample = now { $0.sample(due, after: entries, database) }
        }
        let facts = sample.facts.merging(["marker": due.marker, "verdict": sample.verdict.rawValue, "detail": sample.detail]) { _, new in new }
        // A disk that is full, or a host that dies: a gap.
        guard (try? await evidence.append("sample", facts)) != nil else { return }
        now { $0.samples.append(TakenSample(at: $0.today, marker: due.marker, verdict: sample.verdict)) }
    }

    private static func folder(of evidence: EvidenceLedger) -> String { String(evidence.path.dropLast("/evidence.jsonl".count)) }
}

struct Sample: Sendable {
    let verdict: EvidenceClock.Verdict
    let detail: String
    var facts: [String: String]

    init(_ verdict: EvidenceClock.Verdict, _ detail: String = "", _ facts: [String: String] = [:]) {
        (self.verdict, self.detail, self.facts) = (verdict, detail, facts)
    }
}

extension TenantState {
    func sample(_ sampling: HostSide.Sampling, after entries: [EvidenceLedger.Entry], _ databaseTime: Timestamp) -> Sample {
        guard answers else { return Sample(.availability, "the database does not answer") }
        guard host.plugin.isHealthy else { return Sample(.availability, "the plugin does not answer: \(host.plugin.mood.rawValue)") }
        let clock = ["databaseClock": String(databaseTime.milliseconds)]
        return sampling.kind == "shadow" ? shadow(sampling, entries, clock) : soak(sampling, entries, clock)
    }

    private func shadow(_ sampling: HostSide.Sampling, _ entries: [EvidenceLedger.Entry], _ clock: [String: String]) -> Sample {
        guard let own = database.own, own.capture == .whole, !own.isSealBroken else { return Sample(.safety, "capture is not whole") }
        let seen = ["fallbacksSeenUntil": String(today.milliseconds)]
        let told = entries.last { $0.facts["marker"] == sampling.marker && $0.facts["fallbacksSeenUntil"] != nil }?.facts["fallbacksSeenUntil"].flatMap { Int64($0) }
        let began = entries.last { $0.kind == "samplingBegan" && $0.facts["marker"] == sampling.marker }?.at.milliseconds
        let since = told ?? began ?? 0
        let fallbacks = (database.old?.rows ?? [:]).values.count { $0.label == "fallback" && $0.made > since }
        if fallbacks > 0 { return Sample(.safety, "\(fallbacks) new v1 rows came through the silent fallback", seen) }
        let differing = database.differences(against: .v1).count { [.missing, .extra, .different, .resurrected].contains($0.what) }
        if differing > 0 { return Sample(.safety, "v1 and v2 differ at \(differing) memories", seen) }
        return Sample(.green, "", clock.merging(seen) { _, new in new })
    }

    private func soak(_ sampling: HostSide.Sampling, _ entries: [EvidenceLedger.Entry], _ clock: [String: String]) -> Sample {
        switch agentsDoor {
        case .refused: return Sample(.availability, "the workspace server does not answer")
        case .lie: return Sample(.safety, "a memory committed through the agents' door was not recalled")
        case .old where database.old == nil: return Sample(.availability, "the workspace server answers 500")
        case .old, .new: break
        }
        guard host.server?.pluginURL == HostSide.ownURL else { return Sample(.availability, "the panel's read route does not answer 200") }
        let unexplained = database.differences(against: .frozen).count { [.missing, .different].contains($0.what) }
        if unexplained > 0 { return Sample(.safety, "what was frozen is not accounted for in v2: \(unexplained)") }
        let touched = database.touches
        let before = entries.last { $0.facts["marker"] == sampling.marker && $0.facts["v1Counters"] != nil }?.facts["v1Counters"]
        if let before, before != touched, before.prefix(while: { $0 != " " }) == touched.prefix(while: { $0 != " " }) {
            return Sample(.safety, "somebody read or wrote v1: its counters went from \(before) to \(touched)", ["v1Counters": touched])
        }
        return Sample(.green, "", clock.merging(["v1Counters": touched]) { _, new in new })
    }
}
