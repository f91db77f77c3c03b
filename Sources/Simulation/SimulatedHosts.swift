public import Cutover
import Synchronization

/// The hosts of a simulated fleet. They keep the rules of real ones: a fence never falls, what was done is answered again.
public final class SimulatedHosts: Transport {
    struct Host {
        var fate = Fate()
        var there: Set<String> = []
        var half: Set<String> = []
        var highestFence = 0
        /// Something is being done there: one thing at a time is.
        var isLocked = false
        var answers: [OperationID: HostAnswer] = [:]
        var watch: Watch?
        /// What a journal that the simulation goes on from has of a wait.
        var recorded: [OperationID: [Stretch]] = [:]
    }

    /// Takes its samples when somebody asks for them: they lie at fixed moments, whoever looks.
    struct Watch {
        let place: String
        let began: OperationID
        let everySeconds: Int
        var next: Timestamp
        var clock: EvidenceClock
        var isRed = false
    }

    private let hosts: Mutex<[TenantID: Host]>
    private let time: any HostClock
    private let takes: @Sendable (TenantID, String) -> Int
    private let heeded: Set<Scenario.Heeded>
    private let witness: @Sendable (Hand) -> Void

    /// A hand that is laid on a tenant, and taken off.
    struct Hand: Sendable {
        let tenant: TenantID
        let fence: Int
        let isLaid: Bool
        let at: Timestamp
    }

    /// - Parameters:
    ///   - takes: how many seconds a tenant's step takes, by its place.
    ///   - witness: sees every act as it begins and as it ends, on the host itself.
    init(
        _ hosts: [TenantID: Host], time: any HostClock, heeded: Set<Scenario.Heeded>, witness: @escaping @Sendable (Hand) -> Void,
        takes: @escaping @Sendable (TenantID, String) -> Int
    ) {
        self.hosts = Mutex(hosts)
        self.time = time
        self.heeded = heeded
        self.witness = witness
        self.takes = takes
    }

    func change(_ tenant: TenantID, _ body: (inout Host) -> Void) { hosts.withLock { body(&$0[tenant, default: Host()]) } }
    func host(_ tenant: TenantID) -> Host { hosts.withLock { $0[tenant] ?? Host() } }

    public func run(_ action: RemoteAction, on target: TenantHost) async throws(TransportError) -> ActionResult {
        guard let request = try? CanonicalJSON.value(HostRequest.self, from: String(decoding: action.input, as: UTF8.self)) else {
            return ActionResult(exitCode: 64, output: "", errors: "not a request")
        }
        let tenant = request.tenant
        guard host(tenant).fate.isReachable(time.now) else {
            throw TransportError(host: target.host, outcome: .neverSent, detail: "no route to the host")
        }
        if request.operationClass == .reading { return Self.result(read(request)) }
        while heeded.contains(.lock), host(tenant).isLocked { await time.work(seconds: 5) }
        change(tenant) { $0.isLocked = true }
        defer { change(tenant) { $0.isLocked = false } }
        if let known = host(tenant).answers[request.id] { return Self.result(known) }
        guard request.fence >= host(tenant).highestFence || !heeded.contains(.fences) else { return Self.result(HostAnswer(id: request.id, status: .refused), exitCode: 75) }
        change(tenant) { $0.highestFence = max($0.highestFence, request.fence) }
        witness(Hand(tenant: tenant, fence: request.fence, isLaid: true, at: time.now))
        defer { witness(Hand(tenant: tenant, fence: request.fence, isLaid: false, at: time.now)) }
        let answer = try await carryOut(request, on: target)
        change(tenant) { $0.answers[request.id] = answer }
        // It was done, and who asked for it will not hear of it.
        guard host(tenant).fate.isReachable(time.now) else {
            throw TransportError(host: target.host, outcome: .sentOutcomeUnknown, detail: "the connection broke")
        }
        return Self.result(answer)
    }

    public func probeHand(on host: TenantHost) async throws(TransportError) -> HandReport { .present(digest: "simulated", isThisBuild: true) }
    public func placeHand(on host: TenantHost) async throws(TransportError) -> HandReport { .present(digest: "simulated", isThisBuild: true) }
    public func removeHand(from host: TenantHost) async throws(TransportError) {}

    // MARK: - Readings

    private func read(_ request: HostRequest) -> HostAnswer {
        if request.kind == Simulated.Veto.kind {
            let objects = heeded.contains(.vetoes) && host(request.tenant).fate.isVetoed(time.now)
            return Self.answer(request, Simulated.Veto.Result(objection: objects ? "not now, as the simulation was told" : nil))
        }
        if let look = try? CanonicalJSON.value(Simulated.Look.self, from: request.payload), request.kind == Simulated.Look.kind {
            let host = host(request.tenant)
            let isRed = host.fate.verdict(look.place, time.now) != .green
            return Self.answer(
                request, Simulated.Look.Result(there: host.there.contains(look.place), half: host.half.contains(look.place), shut: isRed ? "it is red" : nil))
        }
        guard let asked = try? CanonicalJSON.value(Simulated.Samples.self, from: request.payload) else { return HostAnswer(id: request.id, status: .refused) }
        let (watch, recorded) = hosts.withLock { hosts -> (Watch?, [Stretch]) in
            Self.sample(&hosts[request.tenant, default: Host()], until: time.now)
            return (hosts[request.tenant]?.watch, hosts[request.tenant]?.recorded[asked.began] ?? [])
        }
        guard let watch, watch.began == asked.began else {
            return Self.answer(request, Simulated.Samples.Result(runs: false, coveredSeconds: 0, samples: 0, gaps: 0, resets: 0, pauses: 0, isRed: false, stretches: recorded))
        }
        let clock = watch.clock
        return Self.answer(
            request,
            Simulated.Samples.Result(
                runs: true, coveredSeconds: clock.coveredSeconds, samples: clock.samples, gaps: clock.gaps, resets: clock.resets, pauses: clock.pauses,
                isRed: watch.isRed, stretches: recorded + clock.stretches))
    }

    private static func sample(_ host: inout Host, until now: Timestamp) {
        guard var watch = host.watch else { return }
        let fate = host.fate
        while watch.next <= now {
            let at = watch.next
            watch.next = at.adding(seconds: watch.everySeconds)
            guard fate.isUp(at) else { continue }
            let boot = fate.boot(at)
            let uptime = boot.since.map { at.seconds(since: $0) } ?? Double(at.milliseconds) / 1000
            let verdict = fate.verdict(watch.place, at)
            watch.isRed = verdict != .green
            watch.clock.add(
                EvidenceClock.Sample(
                    at: at.adding(seconds: fate.offset(at)), uptime: uptime, boot: String(boot.number), verdict: verdict, detail: verdict == .green ? "" : "it is red",
                    hash: "\(watch.place)@\(at.milliseconds)"))
        }
        host.watch = watch
    }

    // MARK: - Acts

    private func carryOut(_ request: HostRequest, on target: TenantHost) async throws(TransportError) -> HostAnswer {
        if request.kind == Simulated.BeginSamples.kind, let order = try? CanonicalJSON.value(Simulated.BeginSamples.self, from: request.payload) {
            let now = time.now
            change(request.tenant) { host in
                if host.watch?.began == order.began { return }
                host.watch = Watch(
                    place: order.place, began: order.began, everySeconds: order.everySeconds, next: now,
                    clock: EvidenceClock(longestGapSeconds: Double(order.longestGapSeconds)))
            }
            return Self.answer(request, Simulated.Nothing())
        }
        if request.kind == LeaveBehind.kind { return Self.answer(request, LeaveBehind.Result()) }
        guard let act = try? CanonicalJSON.value(Simulated.Act.self, from: request.payload) else { return HostAnswer(id: request.id, status: .refused) }
        let seconds = act.part == .first ? 0 : takes(request.tenant, act.place)
        change(request.tenant) { $0.half.insert(act.place) }
        let boot = host(request.tenant).fate.boot(time.now).number
        await time.work(seconds: seconds)
        let fate = host(request.tenant).fate
        // What a boot interrupts stays half done, and nobody is told.
        if !fate.isUp(time.now) || fate.boot(time.now).number != boot {
            throw TransportError(host: target.host, outcome: .sentOutcomeUnknown, detail: "the connection broke")
        }
        if act.part == .whole, let left = fate.failures[act.place], left > 0 {
            change(request.tenant) { $0.fate.failures[act.place] = left - 1 }
            let failure = StepFailure("it fails here, as the simulation was told", effect: .partlyChanged, next: "cutoverctl why \(request.tenant)")
            return HostAnswer(id: request.id, status: .failed, failure: failure)
        }
        change(request.tenant) { host in
            switch act.part {
            case .first: break
            case .whole: host.there.insert(act.place)
            case .back: host.there.remove(act.place)
            }
            if act.part != .first { host.half.remove(act.place) }
        }
        return Self.answer(request, Simulated.Nothing())
    }

    private static func answer(_ request: HostRequest, _ value: some Encodable) -> HostAnswer {
        guard let text = try? CanonicalJSON.text(value) else { return HostAnswer(id: request.id, status: .unknown) }
        return HostAnswer(id: request.id, status: .done, result: text)
    }

    private static func result(_ answer: HostAnswer, exitCode: Int = 0) -> ActionResult {
        ActionResult(exitCode: exitCode, output: (try? answer.line()) ?? "", errors: "")
    }
}
