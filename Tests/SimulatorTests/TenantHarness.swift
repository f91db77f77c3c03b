import Cutover
import CutoverTestKit
import Foundation
import Host
import Phases
import Simulation
@testable import SimulatorKit
import Synchronization
import Testing

/// One simulated tenant under the real engine, with nothing but time between them: no operator, no fault, no other tenant.
struct TenantHarness {
    let host = TenantHost(id: "acme", host: "acme.test", transport: "plain", labels: ["env": "staging"], env: "/etc/acme.env", state: "/var/lib/cutover/acme")
    let time = ManualTime(hurriesUpTo: 1000)
    let journal = MemoryJournal()
    let plan = Setting.plan()
    let tenant: SimulatedTenant
    let road: PlainRoad

    init(seed: UInt64) {
        let time = time
        let clock: @Sendable () -> ClockFace = { ClockFace(wall: time.now, monotonic: Double(time.now.milliseconds) / 1000, boot: "boot", database: time.now) }
        tenant = SimulatedTenant("acme", plan: plan, chance: Chance(seed: seed, for: "acme"), clock: clock)
        road = PlainRoad(operations: tenant.book { try HostProcess.current?.touch($0) }, clock: clock, time: time)
        road.disk.furnish([host.env: SimulatedSecret.lines(of: host.id)])
    }

    var state: TenantState { get throws { tenant.truth } }
    var troubles: [String] { get throws { MemoriesAreKept.troubles(try state) } }

    func engine(_ person: OperatorID = "operator") -> Engine {
        let road = road
        return Engine(
            plan: plan, fleet: Fleet(tenants: [host]), catalog: MemoryCatalog.catalog, journal: journal, time: time, me: person,
            holder: LeaseHolder(name: "test \(person)", seconds: 10_000_000, gone: { _ in true }), operationSeconds: 10_000_000
        ) { _ in road }
    }

    /// Advances until the step is verified, or until nothing is left to take back. Every decision is told to `told`.
    func go(to step: StepID?, in weather: Weather? = nil, told: (TenantState) throws -> Void = { _ in }) async throws {
        var last = ""
        for _ in 0..<160 {
            if let weather, weather.isOver { return }
            await weather?.blow(on: self)
            if let step, try await engine().standing(of: host.id).position(of: step) == .verified { return }
            guard let did = try await once(told: told) else { return }
            last = did
        }
        throw Stuck(description: "not \(step?.text ?? "settled") yet: \(last)")
    }

    /// One decision, and what people do about it. Nil when there is nothing more to be done.
    @discardableResult
    func once(told: (TenantState) throws -> Void = { _ in }) async throws -> String? {
        let outcome = try await engine().advance(host.id)
        try told(try state)
        switch outcome {
        case .did(_, let what): return what
        case .settled, .finished: return nil
        case .gated(let ref, let answers):
            for answer in answers { try await settle(answer.clearedBy, ref) }
            return answers.map { "\($0.claim): \($0.verdict.detail)" }.joined(separator: "; ")
        case .waiting(let ref, let seen):
            try await settle(seen.clearedBy, ref)
            return seen.verdict.detail
        case .consentNeeded(let ref):
            try await engine("lead-1").approve(host.id, topic: ref.place, reason: "go")
            return "signed"
        case .failed(let ref, let failure):
            await pass(hours: 1)
            try await engine("lead-2").reopen(host.id, reason: "mended")
            return "\(ref): \(failure.what)"
        case .unknown(_, let what):
            await pass(hours: 1)
            return what
        case .stopped(.quarantined):
            let taken = "\(try await engine("lead-1").takeIn(host.id, reason: "looked after it"))"
            await pass(hours: 1)
            return taken
        case .stopped(.failed):
            try await engine("lead-2").reopen(host.id, reason: "mended")
            return "mended"
        case .stopped(let stop): throw Stuck(description: "stopped: \(stop)")
        }
    }

    struct Stuck: Error, CustomStringConvertible { let description: String }

    /// The watch takes a sample at its end, if one is due.
    func pass(hours: Int) async {
        time.advance(seconds: hours * 3600)
        tenant.agentsWork(from: time.now, to: time.now)
        await road.there { await tenant.watch(to: time.now, evidence: EvidenceLedger(statePath: host.state)) }
    }

    private func settle(_ clearance: Gate.Clearance, _ ref: StepRef) async throws {
        guard case .person(let command) = clearance else {
            await pass(hours: 12)
            // What time alone does not clear, somebody looks after: is all that was done still there?
            if time.now.milliseconds / 86_400_000 % 3 == 0 { _ = try await engine("lead-3").reopenDrifted(host.id, reason: "looked after it") }
            return
        }
        let words = command.split(separator: " ").map(String.init)
        func value(of option: String) -> String? { words.firstIndex(of: option).flatMap { words.indices.contains($0 + 1) ? words[$0 + 1] : nil } }
        if let reason = value(of: "--exceptions") { return try await sign(reason) }
        if let blocker = value(of: "--blocker") { return try await engine("lead-1").approve(host.id, topic: Attestation.blocker(blocker), reason: "closed") }
        if words.contains("exceptions") {
            try await sign(nil)
            return try await settleConflicts()
        }
        if words.contains("--reopen") {
            _ = try await engine("lead-3").reopenDrifted(host.id, reason: "looked after it")
            return
        }
        if words.contains("recapture") {
            _ = try await engine("lead-1").carryOut(CaptureAnew(acceptingAbsent: true, table: .memories), on: host.id, reason: "put back") { _ in Evidence() }
            return
        }
        for person in ["lead-1", "lead-2"] as [OperatorID] { try await engine(person).approve(host.id, topic: ref.place, reason: "go", facts: ["plan": plan.digest]) }
    }

    /// That the other store can't hold what is listed as `reason`; without one, as anything.
    private func sign(_ reason: String?) async throws {
        let list = try await engine().ask(ListExceptions(table: .memories), of: host.id).get()
        for reason in reason.map({ [$0] }) ?? list.counts.keys.sorted() {
            try await engine("lead-1").approve(
                host.id, topic: "exceptions/\(reason)", reason: "seen", facts: ["count": "\(list.counts[reason] ?? 0)", "digest": list.digest(of: reason)])
        }
    }

    private func settleConflicts() async throws {
        for conflict in try await engine().ask(ListConflicts(table: .memories), of: host.id).get().conflicts {
            let choice = SettleConflict(id: conflict.id, seen1: conflict.v1Digest, seen2: conflict.v2Digest, keep: .v2, table: .memories)
            _ = try await engine("lead-1").carryOut(choice, on: host.id, reason: "chosen") { _ in Evidence() }
        }
        await pass(hours: 1)
    }
}

/// The way to one simulated host on which nothing ever goes wrong.
final class PlainRoad: Transport {
    let disk = SimulatedDisk()
    private let operations: HostOperationBook
    private let clock: @Sendable () -> ClockFace
    private let time: ManualTime
    private let state = Mutex((hasHand: false, processes: Int32(0), doom: Int?.none))

    init(operations: HostOperationBook, clock: @escaping @Sendable () -> ClockFace, time: ManualTime) {
        (self.operations, self.clock, self.time) = (operations, clock, time)
    }

    /// On that host, as a process of its own.
    func there<Value: Sendable>(_ process: HostProcess? = nil, _ body: @Sendable () async -> Value) async -> Value {
        let process = process ?? begin()
        let number = process.number
        let (clock, time) = (clock, time)
        let machine = HostMachine(
            disk: ProcessDisk(disk: disk, process: process), process: number,
            clocks: {
                let now = clock()
                return (now.wall, now.monotonic, now.boot)
            }, rest: { try await time.sleep(milliseconds: min($0, 1000)) })
        defer { disk.release(number) }
        return await HostMachine.$here.withValue(machine) { await HostProcess.$current.withValue(process) { await body() } }
    }

    /// The next process that changes anything dies at its `touch`-th moment.
    func doom(atTouch touch: Int) { state.withLock { $0.doom = touch } }

    private func begin() -> HostProcess {
        HostProcess(number: state.withLock { state in
            state.processes += 1
            return state.processes
        })
    }

    func run(_ action: RemoteAction, on host: TenantHost) async throws(TransportError) -> ActionResult {
        let operations = operations
        let process = begin()
        if action.operationClass != .reading, let touch = state.withLock({ $0.doom.take() }) { process.die(atTouch: touch) }
        let (line, code) = await there(process) { await HostProgram.serve(operationClass: action.operationClass.rawValue, input: action.input, operations: operations) }
        time.advance(seconds: 7)
        if process.isDead { throw TransportError(host: host.host, outcome: .sentOutcomeUnknown, detail: "the connection broke") }
        return ActionResult(exitCode: Int(code), output: line, errors: "")
    }

    func probeHand(on host: TenantHost) async throws(TransportError) -> HandReport {
        state.withLock { $0.hasHand } ? .present(digest: "simulated", isThisBuild: true) : .absent
    }
    func placeHand(on host: TenantHost) async throws(TransportError) -> HandReport {
        state.withLock { $0.hasHand = true }
        return .present(digest: "simulated", isThisBuild: true)
    }
    func removeHand(from host: TenantHost) async throws(TransportError) { state.withLock { $0.hasHand = false } }
}

/// What befalls a tenant while it is under way, as one seed draws it.
final class Weather: Sendable {
    private let state: Mutex<(chance: Chance, left: Int, came: [TenantMishap])>

    /// - Parameter decisions: how many of the engine's decisions it lasts.
    init(seed: UInt64, decisions: Int) { state = Mutex((Chance(seed: seed, for: "weather"), decisions, [])) }

    var isOver: Bool { state.withLock { $0.left <= 0 } }
    var came: [TenantMishap] { state.withLock { $0.came } }

    private static let kinds = TenantMishap.Kind.allCases.filter { $0 != .deleted }

    func blow(on harness: TenantHarness) async {
        let (doom, mishap) = state.withLock { state -> (Int?, TenantMishap?) in
            state.left -= 1
            let doom = state.chance.happens(15) ? state.chance.number(1...16) : nil
            guard state.chance.happens(6), let kind = state.chance.pick(Self.kinds) else { return (doom, nil) }
            let mishap = TenantMishap(kind, state.chance.number(1...48))
            state.came.append(mishap)
            return (doom, mishap)
        }
        if let doom { harness.road.doom(atTouch: doom) }
        if let mishap { harness.tenant.befall(mishap) }
    }
}
