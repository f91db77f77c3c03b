public import Cutover
import Host
public import Simulation
import Synchronization

/// A tenant's host: the real program, with its ledgers, over a simulated disk, clocks and tenant.
public final class SimulatedHost: Sendable {
    private struct State {
        var isUp = true
        /// The program is there.
        var hasHand = false
        var ticks: HostTicks
        var processes: [Int32: HostProcess] = [:]
        var lastProcess: Int32 = 0
        /// Of those who are yet to begin: at which of its moments each is to die, and for how many minutes the machine is down then; nil: it stays up.
        var doomed: [(touch: Int, downMinutes: Int?)] = []
        var worked: Timestamp
        var chance: Chance
    }

    /// What the host's parts share.
    private final class Core: Sendable {
        let state: Mutex<State>
        init(_ state: sending State) { self.state = Mutex(state) }
    }

    public let tenant: TenantID
    public let disk: SimulatedDisk
    let place: TenantHost
    let model: SimulatedTenant
    private let time: WorldTime
    private let core: Core
    private let witness: @Sendable (Happening.What) -> Void
    private let book: HostOperationBook

    /// - Parameter witness: hears of all that happens here.
    public init(
        _ place: TenantHost, plan: Plan, time: WorldTime, chance: Chance, witness: @escaping @Sendable (Happening.What) -> Void = { _ in }
    ) {
        let core = Core(State(ticks: HostTicks(time.now), worked: time.now, chance: chance.other(for: "host")))
        self.core = core
        self.place = place
        self.tenant = place.id
        self.time = time
        self.witness = witness
        self.disk = SimulatedDisk()
        model = SimulatedTenant(place.id, plan: plan, chance: chance.other(for: "tenant")) { core.state.withLock { $0.ticks.read(time.now) } }
        book = model.book { try HostProcess.current?.touch($0) }.within { request, carryOut in
            guard request.operationClass != .reading else { return try await carryOut() }
            let seconds = core.state.withLock { ($0.chance.number(1...20), $0.chance.number(1...20)) }
            witness(.handLaid(request.id, request.kind, request.operationClass, fence: request.fence))
            defer { witness(.handTaken(request.id, request.kind, request.operationClass, fence: request.fence)) }
            try await Self.pass(seconds.0, time)
            let result = try await carryOut()
            try await Self.pass(seconds.1, time)
            return result
        }
        disk.furnish([place.env: SimulatedSecret.lines(of: place.id)])
    }

    private static func pass(_ seconds: Int, _ time: WorldTime) async throws {
        try await time.sleep(seconds: seconds)
        try HostProcess.current?.live()
    }

    public var isUp: Bool { core.state.withLock { $0.isUp } }
    public var clock: ClockFace { core.state.withLock { $0.ticks.read(time.now) } }
    var hasHand: Bool {
        get { core.state.withLock { $0.hasHand } }
        set { core.state.withLock { $0.hasHand = newValue } }
    }

    // MARK: - What is carried out here

    /// - Throws: when nobody is there to answer, or whoever carried it out died of it.
    public func carryOut(_ action: RemoteAction) async throws(TransportError) -> ActionResult {
        guard isUp else { throw TransportError(host: place.host, outcome: .neverSent, detail: "no route to the host") }
        guard hasHand else { return ActionResult(exitCode: 127, output: "", errors: "no such program") }
        catchUp()
        let process = begin(isDoomed: action.operationClass != .reading)
        let (line, exitCode) = await running(process) {
            await HostProgram.serve(operationClass: action.operationClass.rawValue, input: action.input, operations: book)
        }
        let died = process.isDead
        end(process)
        if died { throw TransportError(host: place.host, outcome: .sentOutcomeUnknown, detail: "the connection broke") }
        if action.operationClass != .reading, exitCode == 0 { witness(.answered(action.id)) }
        return ActionResult(exitCode: Int(exitCode), output: line, errors: "")
    }

    /// Lets the tenant's agents do what they do until now.
    public func catchUp() {
        let now = time.now
        let from = core.state.withLock { state in
            defer { state.worked = now }
            return state.worked
        }
        if from < now { model.agentsWork(from: from, to: now) }
    }

    /// What the resident watch does at this moment.
    func watch() async {
        guard isUp, hasHand else { return }
        catchUp()
        let process = begin(isDoomed: false)
        await running(process) {
            let sight = HostSight(tenant: tenant, statePath: place.state, envPath: place.env)
            await model.watch(to: time.now, evidence: sight.evidence)
        }
        end(process)
        witness(.watched)
    }

    private func running<Value: Sendable>(_ process: HostProcess, _ body: () async -> Value) async -> Value {
        let (core, time) = (core, time)
        let machine = HostMachine(
            disk: ProcessDisk(disk: disk, process: process), process: process.number,
            clocks: {
                let clock = core.state.withLock { $0.ticks.read(time.now) }
                return (clock.wall, clock.monotonic, clock.boot)
            },
            // Whoever looks for a lock again and again looks less often here: each time costs a step of the simulation.
            rest: { try await time.sleep(milliseconds: max($0, 1000)) })
        return await HostMachine.$here.withValue(machine) { await HostProcess.$current.withValue(process) { await body() } }
    }

    private func begin(isDoomed: Bool) -> HostProcess {
        let (process, doom) = core.state.withLock { state -> (HostProcess, (touch: Int, downMinutes: Int?)?) in
            state.lastProcess += 1
            let process = HostProcess(number: state.lastProcess)
            state.processes[process.number] = process
            return (process, isDoomed && !state.doomed.isEmpty ? state.doomed.removeFirst() : nil)
        }
        if let doom {
            process.die(atTouch: doom.touch) { [self] in
                disk.release(process.number)
                witness(.processDied)
                if let minutes = doom.downMinutes { crash(minutes: minutes) }
            }
        }
        return process
    }

    private func end(_ process: HostProcess) {
        _ = core.state.withLock { $0.processes.removeValue(forKey: process.number) }
        disk.release(process.number)
    }

    // MARK: - What befalls it

    /// The next process that changes anything here dies at its `touch`-th moment, and the machine with it where it is to be down after that.
    public func doom(atTouch touch: Int, downMinutes: Int? = nil) { core.state.withLock { $0.doomed.append((touch, downMinutes)) } }

    /// All its processes die, its disk keeps what it must, and it boots that many minutes later.
    public func crash(minutes: Int) {
        let now = time.now
        let isNews = core.state.withLock { state in
            for process in state.processes.values { process.kill() }
            defer { state.isUp = false }
            return state.isUp
        }
        guard isNews else { return }
        core.state.withLock { state in disk.crash(&state.chance) }
        witness(.hostCrashed)
        Task { [self] in
            try? await time.sleep(until: now.adding(seconds: max(1, minutes) * 60))
            core.state.withLock { state in
                state.isUp = true
                state.ticks.boot(time.now)
            }
            witness(.hostIsBack)
        }
    }

    public func setClock(by seconds: Int) { core.state.withLock { $0.ticks.set(by: seconds, time.now) } }
    public func drift(partsPerMillion: Int) { core.state.withLock { $0.ticks.drift(partsPerMillion: partsPerMillion, time.now) } }
}
