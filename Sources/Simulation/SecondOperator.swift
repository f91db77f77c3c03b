import Cutover
import Synchronization

/// A second operator takes a tenant's step and is paused in it. Its lease runs out meanwhile, the first one goes on, and then it wakes.
extension SimulationRun {
    /// Longer than the step takes by this many seconds: a heartbeat keeps the lease until the operator is paused.
    private static let leaseSeconds = 600

    /// The step that a second operator takes in the tenant's turn; nil where the turn is the first one's.
    func givenAway(_ tenant: TenantID) -> (StepRef, Scenario.Pause)? {
        let now = time.now
        guard let index = pauses.firstIndex(where: { $0.tenant == tenant && $0.at <= now }), let ref = nextAct(of: tenant) else { return nil }
        return (ref, pauses.remove(at: index))
    }

    private func nextAct(of tenant: TenantID) -> StepRef? {
        let decision = books.read { judge in judge.standings[tenant]?.decide(under: simulation.plan, catalog: simulation.catalog) }
        switch decision {
        case .perform(let ref), .setAside(let ref), .beginWait(let ref), .revert(let ref): return ref
        case .performAfterGrace(let ref, let at) where at <= time.now: return ref
        default: return nil
        }
    }

    func takeStep(_ ref: StepRef, _ pause: Scenario.Pause) async {
        let road = SleepyRoad(hosts: hosts, time: time, seconds: pause.seconds, hasSent: pause.hasSent)
        let lease = Self.leaseSeconds + scenario.pace.seconds(ref.tenant, ref.place)
        seconds += 1
        let second = Self.engine(simulation, fleet, journal, time, road, as: "second", LeaseHolder(name: "second-\(seconds)", seconds: lease))
        let result = await Self.advance(second, ref.tenant)
        guard !road.slept else {
            // Whoever was overtaken is told so, and has nothing to say any more.
            if case .failure(let error) = result, !error.isOvertaken { trouble = error }
            return
        }
        // Nothing was begun, so there was nothing to be paused in.
        pauses.append(Scenario.Pause(pause.tenant, at: time.now.adding(seconds: 86_400), seconds: pause.seconds, hasSent: pause.hasSent))
        if fleet.host(of: ref.tenant) != nil { took(ref.tenant, result) }
    }
}

extension EngineError {
    /// Another operator holds the lease, or has since.
    var isOvertaken: Bool {
        switch self {
        case .journal(.leased), .journal(.superseded), .journal(.conflict): true
        default: false
        }
    }
}

/// The road to the hosts of an operator who falls asleep on it: before its act is sent, or before it hears what came of it.
final class SleepyRoad: Transport {
    private let hosts: SimulatedHosts
    private let time: SimulatedTime
    private let seconds: Int
    private let hasSent: Bool
    private let hasSlept = Atomic(false)

    init(hosts: SimulatedHosts, time: SimulatedTime, seconds: Int, hasSent: Bool) {
        self.hosts = hosts
        self.time = time
        self.seconds = seconds
        self.hasSent = hasSent
    }

    var slept: Bool { hasSlept.load(ordering: .relaxed) }

    func run(_ action: RemoteAction, on target: TenantHost) async throws(TransportError) -> ActionResult {
        let request = try? CanonicalJSON.value(HostRequest.self, from: String(decoding: action.input, as: UTF8.self))
        guard request?.operationClass != .reading, !hasSlept.exchange(true, ordering: .relaxed) else { return try await hosts.run(action, on: target) }
        if !hasSent { await time.work(seconds: seconds) }
        let result = try await hosts.run(action, on: target)
        if hasSent { await time.work(seconds: seconds) }
        return result
    }

    func probeHand(on host: TenantHost) async throws(TransportError) -> HandReport { try await hosts.probeHand(on: host) }
    func placeHand(on host: TenantHost) async throws(TransportError) -> HandReport { try await hosts.placeHand(on: host) }
    func removeHand(from host: TenantHost) async throws(TransportError) { try await hosts.removeHand(from: host) }
}
