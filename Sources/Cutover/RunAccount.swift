import Synchronization

/// What a loop is at, for those who look on while it runs: a table, metrics, a watchdog.
public final class RunAccount: Sendable {
    /// What a tenant's time passes with.
    public enum Doing: String, Sendable, CaseIterable {
        /// One decision follows another.
        case progress
        /// A window, a soak or a grace period runs.
        case clock
        /// A gate that time may open, a host that does not answer, an outcome that is not known, another operator's lease.
        case world
        /// Somebody has to sign, mend or release.
        case person
        /// Waves and budget do not admit it yet.
        case queue
        case done
    }

    public struct Picture: Sendable {
        /// Of those that have begun.
        public fileprivate(set) var statuses: [TenantID: TenantStatus] = [:]
        public fileprivate(set) var outcomes: [TenantID: FleetRun.Outcome] = [:]
        /// How far steps under way are, as far as they tell.
        public fileprivate(set) var progress: [TenantID: StepProgress] = [:]
        /// Tenant-seconds since the loop began, by what they passed with.
        public fileprivate(set) var seconds: [Doing: Double] = [:]
        public fileprivate(set) var counts: [Count: Int] = [:]
        /// When the next thing can change; nil while the loop is at work.
        public fileprivate(set) var restsUntil: Timestamp?
        /// How much later than it was due the newest turn began, in seconds.
        public fileprivate(set) var lagSeconds = 0.0
        /// The most of it so far.
        public fileprivate(set) var worstLagSeconds = 0.0
        /// Why the loop itself can't go on just now.
        public fileprivate(set) var trouble: String?
        public func doing(_ tenant: TenantID) -> Doing? { outcomes[tenant].map { Doing($0) } }
    }

    public enum Count: String, Sendable, CaseIterable {
        case turns, asked, verified, failed, unknown, rechecked, drifted, appended, retried
    }

    private struct State {
        var picture = Picture()
        /// Since when each tenant's time passes as it does.
        var since: [TenantID: Timestamp] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    /// As it is at that moment.
    public func picture(_ now: Timestamp) -> Picture {
        state.withLock { state in
            var picture = state.picture
            for (tenant, since) in state.since {
                guard let doing = picture.doing(tenant) else { continue }
                picture.seconds[doing, default: 0] += max(0, now.seconds(since: since))
            }
            return picture
        }
    }

    /// How often the loop has looked what is to be done: one that stands still is stuck.
    public var turns: Int { state.withLock { $0.picture.counts[.turns] ?? 0 } }

    /// A step under way tells how far it is.
    public func told(_ ref: StepRef, _ progress: StepProgress) { state.withLock { $0.picture.progress[ref.tenant] = progress } }

    // MARK: - What the loop tells

    func count(_ what: Count, _ number: Int = 1) { state.withLock { $0.picture.counts[what, default: 0] += number } }

    func appended(_ events: Int) { if events > 0 { count(.appended, events) } }

    package func stands(_ status: TenantStatus) { state.withLock { $0.picture.statuses[status.tenant] = status } }

    package func came(_ tenant: TenantID, to outcome: FleetRun.Outcome, at now: Timestamp) {
        state.withLock { state in
            let (before, doing) = (state.picture.doing(tenant), Doing(outcome))
            state.picture.outcomes[tenant] = outcome
            state.picture.progress[tenant] = nil
            if before == doing { return }
            if let before, let since = state.since[tenant] { state.picture.seconds[before, default: 0] += max(0, now.seconds(since: since)) }
            state.since[tenant] = now
        }
    }

    func lags(_ seconds: Double) {
        state.withLock { state in
            state.picture.lagSeconds = max(0, seconds)
            state.picture.worstLagSeconds = max(state.picture.worstLagSeconds, seconds)
        }
    }

    func rests(until: Timestamp?) { state.withLock { $0.picture.restsUntil = until } }
    func isInTrouble(_ why: String?) { state.withLock { $0.picture.trouble = why } }
}

extension RunAccount.Doing {
    init(_ outcome: FleetRun.Outcome) {
        self =
            switch outcome {
            case .advanced: .progress
            case .waiting: .clock
            case .gatedByTime, .unknown, .leased: .world
            case .gatedByPerson, .failed, .held: .person
            case .notAdmitted: .queue
            case .finished, .reached, .settled: .done
            }
    }
}
