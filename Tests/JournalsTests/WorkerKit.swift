import Cutover
import CutoverTestKit
import Foundation
import ProgramsTestKit
import Synchronization

@testable import Journals

/// The machine's clock.
struct WallTime: TimeSource {
    var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
    func sleep(milliseconds: Int) async throws(CancellationError) {
        do { try await Task.sleep(for: .milliseconds(milliseconds)) } catch { throw CancellationError() }
    }
}

/// What was done on the hosts, by whom and under which fence, in the order in which it ended.
actor HandBook {
    struct Entry: Sendable {
        let tenant: TenantID
        let worker: Int
        let fence: Int
    }
    private(set) var done: [Entry] = []
    private(set) var clashes: [String] = []
    private(set) var refused = 0
    private var busy: [TenantID: Entry] = [:]

    func begin(_ entry: Entry) {
        if let other = busy[entry.tenant], other.worker != entry.worker { clashes.append("\(entry) while \(other)") }
        busy[entry.tenant] = entry
    }

    func end(_ entry: Entry, wasRefused: Bool) {
        if busy[entry.tenant]?.worker == entry.worker { busy[entry.tenant] = nil }
        if wasRefused {
            refused += 1
            return
        }
        if let last = done.last(where: { $0.tenant == entry.tenant }), last.fence > entry.fence { clashes.append("\(entry) after \(last)") }
        done.append(entry)
    }
}

/// A worker's way to the hosts. Stopped, nothing of it goes on; what is on the host already does.
actor WorkerLink: Transport {
    private let worker: Int
    private let hosts: ScriptedTransport
    private let book: HandBook
    private var isStopped = false
    private var sleepers: [CheckedContinuation<Void, Never>] = []
    private var writes = 0
    private var fault: (at: Int, strike: @Sendable (WorkerLink) async -> Void)?

    init(worker: Int, hosts: ScriptedTransport, book: HandBook) {
        self.worker = worker
        self.hosts = hosts
        self.book = book
    }

    /// Strikes when the worker is about to have its n-th writing operation carried out.
    func strike(at count: Int, _ strike: @escaping @Sendable (WorkerLink) async -> Void) { fault = (count, strike) }

    func stop() { isStopped = true }

    func goOn() {
        isStopped = false
        for sleeper in sleepers { sleeper.resume() }
        sleepers = []
    }

    func run(_ action: RemoteAction, on target: TenantHost) async throws(TransportError) -> ActionResult {
        await pass()
        let request = try? CanonicalJSON.value(HostRequest.self, from: String(decoding: action.input, as: UTF8.self))
        guard let request, request.operationClass != .reading else { return try await hosts.run(action, on: target) }
        writes += 1
        if let fault, fault.at == writes {
            self.fault = nil
            await fault.strike(self)
            await pass()
        }
        let entry = HandBook.Entry(tenant: target.id, worker: worker, fence: request.fence)
        await book.begin(entry)
        let result = try await hosts.run(action, on: target)
        await book.end(entry, wasRefused: result.exitCode == 75)
        await pass()
        return result
    }

    func probeHand(on target: TenantHost) async throws(TransportError) -> HandReport { try await hosts.probeHand(on: target) }
    func placeHand(on target: TenantHost) async throws(TransportError) -> HandReport { try await hosts.placeHand(on: target) }
    func removeHand(from target: TenantHost) async throws(TransportError) { try await hosts.removeHand(from: target) }
    func handSuccessors(on target: TenantHost) async throws(TransportError) -> Set<String> { try await hosts.handSuccessors(on: target) }

    private func pass() async {
        while isStopped { await withCheckedContinuation { sleepers.append($0) } }
    }
}

/// A worker: the loop over a fleet, with a way of its own to the journal and to the hosts.
struct Worker {
    let number: Int
    let relay: Relay
    let link: WorkerLink
    let task: Task<[TenantID: FleetRun.Outcome], any Error>
    private let struck: AsyncStream<Void>

    /// - Parameter fault: what befalls it at its third writing operation.
    init(_ number: Int, _ place: PostgresPlace, fleet: Fleet, hosts: ScriptedTransport, book: HandBook, fault: Fault?) async throws {
        let relay = try Relay(to: place.cluster.directory)
        let link = WorkerLink(worker: number, hosts: hosts, book: book)
        let (struck, strike) = AsyncStream<Void>.makeStream()
        (self.number, self.relay, self.link, self.struck) = (number, relay, link, struck)
        if let fault {
            await link.strike(at: 3) { link in
                switch fault {
                case .killed:
                    relay.set(.cut)
                    await link.stop()
                // It still reaches the hosts.
                case .parted: relay.set(.silent)
                case .paused:
                    relay.set(.silent)
                    await link.stop()
                }
                strike.finish()
            }
        }
        let patience = PostgresPatience(statement: 10, lock: 8, idle: 2, silence: 4, again: fault == nil ? 60 : 4)
        let journal = place.open(relay.url(place.database), patience: patience)
        let phases = [Phase(id: "L0", steps: [LampCatalog.step("lamp.wire"), LampCatalog.step("lamp.light")])]
        let rollout = Rollout(atOnce: 100, exposed: 100, failureBudget: 0, stragglers: 0, waves: [Wave(name: "all", select: [:])])
        let engine = Engine(
            plan: LampCatalog.plan(phases: phases, rollout: rollout), fleet: fleet, catalog: LampCatalog.catalog, journal: journal, time: WallTime(), me: OperatorID("worker-\(number)"),
            holder: LeaseHolder(name: "worker-\(number)", seconds: 2)
        ) { _ in link }
        task = Task {
            try await FleetRun(engine: engine, tenants: fleet.tenants.map(\.id), byWaves: true, renewsHand: { _ in false }, pollMilliseconds: 50) { _, _ in }
                .run(waitForClocks: true, patience: 600)
        }
    }

    enum Fault: Sendable, CaseIterable { case killed, parted, paused }

    /// Returns when its fault has befallen it.
    func isStruck() async { for await _ in struck {} }

    func goOn() async {
        relay.set(.open)
        await link.goOn()
    }
}
