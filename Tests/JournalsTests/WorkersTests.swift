import Cutover
import CutoverTestKit
import Testing

@testable import Journals

@Suite("several workers on one journal in PostgreSQL") struct WorkersTests {
    @Test(
        "never are two hands on a tenant, and whoever dies, is parted from the journal or is stopped is replaced",
        .timeLimit(.minutes(10)), arguments: [[Worker.Fault.killed], [.parted], [.paused], [.killed, .parted, .paused]])
    func share(faults: [Worker.Fault]) async throws {
        let place = try await PostgresPlace()
        let hosts = LampCatalog.transport()
        let book = HandBook()
        let fleet = Fleet(tenants: (0..<12).map { LampCatalog.host(TenantID("t\($0)")) })
        var workers: [Worker] = []
        for (number, fault) in faults.enumerated() { workers.append(try await Worker(number, place, fleet: fleet, hosts: hosts, book: book, fault: fault)) }
        for worker in workers { await worker.isStruck() }
        workers.append(try await Worker(faults.count, place, fleet: fleet, hosts: hosts, book: book, fault: nil))
        defer { for worker in workers { worker.relay.end() } }
        // The one that nothing befalls carries everything to its end.
        let outcomes = try await workers[faults.count].task.value
        #expect(outcomes.count == 12 && outcomes.values.allSatisfy { $0 == .finished }, "\(outcomes)")
        // What was stopped comes back to what others have done meanwhile, and must not touch it.
        for (worker, fault) in zip(workers, faults) where fault != .killed {
            await worker.goOn()
            _ = await worker.task.result
        }
        #expect(await book.clashes == [])
        #expect(Set(await book.done.map(\.worker)).count == workers.count, "every worker had its hand on something")
        let opened = try await place.open().records()
        #expect(JournalAudit(opened).flaws.isEmpty)
        for host in fleet.tenants {
            let things = await hosts.host(host.id).things
            #expect(things["wired"] == "on" && things["lit"] == "on", "\(host.id)")
            let fences = opened.records.filter { $0.stream == StreamID(host.id) && $0.fence > 0 }.map(\.fence)
            #expect(fences == fences.sorted(), "\(host.id): \(fences)")
        }
    }

    @Test("a worker that died is replaced as soon as its lease has run out, and not before")
    func replaced() async throws {
        let place = try await PostgresPlace()
        let (dead, other) = (place.open(), place.open())
        let now = ManualTime.beginning
        let lease = try await dead.lease("acme", to: "dead", until: now.adding(seconds: 15), now: now) { _ in false }
        await #expect(throws: JournalError.leased("acme", to: "dead", until: lease.until)) {
            _ = try await other.lease("acme", to: "other", until: now.adding(seconds: 29), now: now.adding(seconds: 14)) { _ in false }
        }
        let next = try await other.lease("acme", to: "other", until: now.adding(seconds: 30), now: now.adding(seconds: 15)) { _ in false }
        #expect(next.fence == lease.fence + 1)
    }
}
