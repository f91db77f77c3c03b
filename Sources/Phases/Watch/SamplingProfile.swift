import Cutover
import DataPath
import Host

/// What the watch is to sample, written to the host by a wait's own operation.
struct SamplingProfile: Sendable, Codable, Equatable {
    enum Kind: String, Sendable, Codable {
        /// Both stores answer and agree, nothing comes through the old fallback.
        case shadow
        /// The plugin is healthy, every door works in old and fresh namespaces, nobody touches v1, and what was frozen is accounted for.
        case soak
    }
    let kind: Kind
    let table: LegacyTable
    let everySeconds: Int
    /// The wait's own id: samples recorded under another do not count for it.
    let marker: OperationID
    let sidecar: Sidecar
    /// Of a soak: what agents are expected to do, and the digests of what a person has signed beyond it.
    var limits: ChangesSince.Limits?
    var signed: [String: String]?
    /// A series that must stay within bounds as well.
    var metric: PrometheusQuery?

    private static func path(_ host: HostSight) -> String { "\(host.statePath)/sampling.json" }

    static func current(_ host: HostSight) throws -> SamplingProfile? {
        guard let text = try DurableFile.read(path(host)) else { return nil }
        return try CanonicalJSON.value(SamplingProfile.self, from: text)
    }

    func save(_ host: HostSight) throws { try DurableFile.write(try CanonicalJSON.text(self), to: Self.path(host)) }

    /// Held while a sample is taken, and by whoever must not meet one half way: its probe would stay behind.
    static func tryTurn(_ host: HostSight) throws -> FileLock? { try FileLock.tryTake("\(host.statePath)/sampling.lock") }

    static func turn(_ host: HostSight) async throws -> FileLock {
        guard let turn = try await FileLock.take("\(host.statePath)/sampling.lock", within: 60) else {
            throw StepFailure("a sample under way does not end", effect: .nothingChanged, next: "cutoverctl why \(host.tenant)")
        }
        return turn
    }

    /// Ends the sampling, after the sample under way.
    static func end(_ host: HostSight) async throws {
        guard try current(host) != nil else { return }
        let turn = try await turn(host)
        try DurableFile.remove(path(host))
        withExtendedLifetime(turn) {}
    }
}

/// Makes the watch sample under `marker`, and sees to it that the watch runs.
struct BeginSampling: ActsOnHost {
    static let kind: OperationKind = "sampling.begin"
    static let once = Once.convergent
    struct Result: Sendable, Codable { let pid: Int }
    let profile: SamplingProfile

    func act(_ host: HostHand) async throws -> Result {
        if try SamplingProfile.current(host.sight) != profile {
            try await host.sight.evidence.append("samplingBegan", ["marker": profile.marker.text, "profile": profile.kind.rawValue, "table": profile.table.rawValue])
            try profile.save(host.sight)
        }
        return Result(pid: Int(try await WatchProcess(host.sight).ensure()))
    }
}

/// For which wait the watch samples, and since when, as the host's own ledger says.
struct SamplingUnderWay: ReadsOnHost {
    static let kind: OperationKind = "sampling.underWay"
    struct Result: Sendable, Codable { let wait: RememberedWait? }
    let profile: SamplingProfile.Kind
    let table: LegacyTable

    func read(_ host: HostSight) async throws -> Result {
        guard let current = try SamplingProfile.current(host), current.kind == profile, current.table == table else { return Result(wait: nil) }
        let began = try host.evidence.entries().first { $0.kind == "samplingBegan" && $0.facts["marker"] == current.marker.text }
        return Result(wait: began.map { RememberedWait(began: current.marker, since: $0.at) })
    }
}

/// The samples recorded under `marker`, and whether somebody still records them.
struct SamplesSince: ReadsOnHost {
    static let kind: OperationKind = "sampling.read"
    struct Result: Sendable, Codable {
        let coveredSeconds: Double
        let samples: Int
        let gaps: Int
        let resets: Int
        let pauses: Int
        let lastTrouble: String?
        let watchRuns: Bool
        let profileSet: Bool
        let signed: [String: String]
        /// SHA-256 over the hashes of the samples judged.
        let digest: String
        let stretches: [Stretch]
        /// The host's clock when it was asked, by which the stretches are told. Nil from an older program.
        var now: Timestamp?
    }
    let marker: OperationID
    let longestGapSeconds: Int

    func read(_ host: HostSight) async throws -> Result {
        let entries = try host.evidence.entries().filter { $0.kind == "sample" && $0.facts["marker"] == marker.text }
        let clock = EvidenceClock(
            entries.map { entry in
                EvidenceClock.Sample(
                    at: entry.at, uptime: entry.uptime, boot: entry.boot,
                    database: entry.facts[Sampler.databaseClock].flatMap { Int64($0) }.map { Timestamp(milliseconds: $0) },
                    verdict: EvidenceClock.Verdict(rawValue: entry.facts["verdict"] ?? "") ?? .availability, detail: entry.facts["detail"] ?? "", hash: entry.hash)
            }, longestGapSeconds: Double(longestGapSeconds))
        return Result(
            coveredSeconds: clock.coveredSeconds, samples: clock.samples, gaps: clock.gaps, resets: clock.resets, pauses: clock.pauses,
            lastTrouble: clock.lastTrouble, watchRuns: try WatchProcess(host).running() != nil,
            profileSet: try SamplingProfile.current(host)?.marker == marker, signed: try SamplingProfile.current(host)?.signed ?? [:], digest: Digest.sha256(entries.map(\.hash).joined()),
            stretches: clock.stretches, now: HostClock.now.at)
    }
}
