/// Whether what was finished is still there: asked every day while a fleet is under way.
extension Engine {
    /// What a look at a tenant's finished steps came to.
    public struct Recheck: Sendable, Equatable {
        public let steps: [CheckedStep]
        /// What is otherwise than it was the last time.
        public let news: [CheckedStep]
    }

    /// Asks the world again about every finished step, and records what is found otherwise than it was found the last time: gone, half gone, or back.
    /// Opens nothing: what to do about it is a person's to say. Nil while the tenant is in doubt, on its way back, quarantined or given up.
    public func recheck(_ tenant: TenantID) async throws(EngineError) -> Recheck? {
        let ledger = try await open(tenant, holder: holder)
        let beat = heartbeat(ledger)
        defer { beat.cancel() }
        do {
            let found = try await recheck(tenant, ledger)
            await ledger.close()
            return found
        } catch {
            await ledger.close()
            throw error
        }
    }

    private func recheck(_ tenant: TenantID, _ ledger: Ledger) async throws(EngineError) -> Recheck? {
        let standing = await ledger.standing
        guard standing.planDigest == plan.digest, !standing.isInDoubt, standing.quarantine == nil, standing.abandonment == nil, standing.direction == .forward else { return nil }
        var (steps, news): ([CheckedStep], [CheckedStep]) = ([], [])
        var changes: [Event.Change] = []
        for planned in lasting(standing) {
            let ref = planned.ref(for: tenant)
            let step = CheckedStep(step: planned.place, finding: await look(try find(ref).1, try await sight(for: ref, ledger)))
            steps.append(step)
            // Who does not answer says nothing about it.
            guard step.finding.isKnown, step.finding.isAsGone(as: standing.drift[planned.id]) == false else { continue }
            news.append(step)
            changes.append(.rechecked(ref, step.finding))
        }
        if !changes.isEmpty { try await record(changes, ledger) }
        return Recheck(steps: steps, news: news)
    }

    /// When in the day that holds `moment` the tenant's finished steps are looked at: at another time every day, so that a restart which comes daily
    /// can't always hit it, and spread over the day, so that not all hosts are asked at once. By name and day alone, so that a restart neither repeats
    /// it nor forgets it.
    static func recheckMoment(_ tenant: TenantID, onDayOf moment: Timestamp) -> Timestamp {
        let day = moment.milliseconds / Self.dayMilliseconds
        return Timestamp(milliseconds: day * Self.dayMilliseconds + Int64(Spread.of("\(tenant) \(day)", below: UInt64(Self.dayMilliseconds))))
    }

    /// The next one after `moment`.
    static func nextRecheck(_ tenant: TenantID, after moment: Timestamp) -> Timestamp {
        let today = recheckMoment(tenant, onDayOf: moment)
        return today > moment ? today : recheckMoment(tenant, onDayOf: Timestamp(milliseconds: moment.milliseconds + dayMilliseconds))
    }

    private static let dayMilliseconds: Int64 = 86_400_000
}

extension Finding {
    var isKnown: Bool { if case .unknown = self { false } else { true } }

    /// - Parameter drift: what was found the last time; nil where it was in place.
    fileprivate func isAsGone(as drift: Finding?) -> Bool {
        switch (self, drift) {
        case (.inPlace, nil), (.absent, .absent?), (.partial, .partial?): true
        default: false
        }
    }
}
