import Cutover
import CutoverTestKit
import Foundation
import Phases
import Synchronization
import Testing

@testable import Simulation

/// The loop itself over simulated hosts, on a clock that jumps whenever the loop rests.
@Suite("six weeks of the loop") struct SixWeeksTests {
    /// Manual time in which hosts are quick.
    private struct QuickHosts: HostClock {
        let time: ManualTime
        var now: Timestamp { time.now }
        func work(seconds: Int) async {}
    }

    /// Counts what is sent to hosts.
    private final class CountedHosts: Transport {
        let hosts: SimulatedHosts
        private let counts = Mutex([String: Int]())
        init(_ hosts: SimulatedHosts) { self.hosts = hosts }

        func asked(_ kind: OperationKind) -> Int { counts.withLock { $0[kind.text] ?? 0 } }

        func run(_ action: RemoteAction, on target: TenantHost) async throws(TransportError) -> ActionResult {
            let kind = (try? CanonicalJSON.value(HostRequest.self, from: String(decoding: action.input, as: UTF8.self)))?.kind.text ?? ""
            counts.withLock { $0[kind, default: 0] += 1 }
            return try await hosts.run(action, on: target)
        }
        func probeHand(on host: TenantHost) async throws(TransportError) -> HandReport { try await hosts.probeHand(on: host) }
        func placeHand(on host: TenantHost) async throws(TransportError) -> HandReport { try await hosts.placeHand(on: host) }
        func removeHand(from host: TenantHost) async throws(TransportError) { try await hosts.removeHand(from: host) }
    }

    private static let tenants = 500
    private static let day = 86_400

    private static var plan: Plan {
        func step(_ kind: StepKind, _ settings: [String: Setting] = [:]) -> StepSpec { StepSpec(id: StepID(kind.text), kind: kind, settings: Settings(settings)) }
        let sparse: [String: Setting] = ["sampleEvery": .text("12h"), "longestGap": .text("48h")]
        let phases = [
            Phase(id: "A0", steps: [step("host.prepare"), step("sidecar.start")]),
            Phase(id: "A1", steps: [step("env.wire"), step("shadow.watch", sparse.merging(["window": .text("24h")]) { $1 })]),
            Phase(id: "A3", steps: [step("soak.wait", sparse.merging(["window": .text("30d")]) { $1 }), step("legacy.drop", ["grace": .text("72h")])]),
        ]
        return Plan(
            name: "weeks", revision: 1, author: "ann", digest: Digest.sha256("weeks"), decisions: [:], approvals: Approvals(count: 0, from: [], notAuthor: true), phases: phases,
            rollout: Rollout(
                atOnce: 40, exposed: 500, failureBudget: 0, stragglers: 0,
                waves: [Wave(name: "canary", select: [:], count: 10, bakeSeconds: day, after: "A1/shadow.watch"), Wave(name: "rest", select: [:])]))
    }

    /// A process of the controller: it knows nothing but the journal, and is stopped after a day.
    private func oneDay(
        _ number: Int, _ plan: Plan, _ fleet: Fleet, _ journal: SimulatedJournal, _ time: ManualTime, _ hosts: CountedHosts, _ account: RunAccount, until end: Timestamp
    ) async throws -> [TenantID: FleetRun.Outcome] {
        let engine = Engine(
            plan: plan, fleet: fleet, catalog: MemoryCatalog.catalog.simulated(), journal: journal, time: time, me: "ann",
            holder: LeaseHolder(name: "day \(number)", seconds: 400 * Self.day, gone: { _ in true }), operationSeconds: 300
        ) { _ in hosts }
        var manner = FleetRun.Manner()
        manner.isUnattended = true
        manner.rechecks = { _, _ in }
        manner.account = account
        return try await FleetRun(
            engine: engine, tenants: fleet.tenants.map(\.id), byWaves: true, renewsHand: { _ in false }, pollMilliseconds: 3_600_000, manner: manner, isStopping: { time.now >= end }
        ) { _, _ in }.run(waitForClocks: true, patience: 0)
    }

    @Test("five hundred tenants come to their end though the controller begins anew every day, and nobody is asked more often than something can change")
    func sixWeeks() async throws {
        let (plan, catalog) = (Self.plan, MemoryCatalog.catalog.simulated())
        let fleet = Fleet(tenants: (0..<Self.tenants).map { LampCatalog.host(TenantID("t\($0)")) })
        let judge = Mutex(Judge(plan: plan, catalog: catalog, fates: [:], journal: "weeks"))
        for host in fleet.tenants { judge.withLock { $0.join(host.id) } }
        let journal = SimulatedJournal(identity: "weeks") { event, status in judge.withLock { $0.hear(event, status) } }
        let time = ManualTime(hurriesUpTo: 2 * Self.day * 1000)
        let hosts = CountedHosts(SimulatedHosts([:], time: QuickHosts(time: time), heeded: Set(Scenario.Heeded.allCases), witness: { hand in judge.withLock { $0.see(hand) } }) { _, _ in 0 })

        var outcomes: [TenantID: FleetRun.Outcome] = [:]
        var rechecks = 0
        for number in 0..<42 {
            // Somebody stops a sidecar behind our back, and another one starts it again four days later.
            if number == 10 { hosts.hosts.change("t7") { _ = $0.there.remove("A0/sidecar.start") } }
            if number == 14 { hosts.hosts.change("t7") { _ = $0.there.insert("A0/sidecar.start") } }
            let account = RunAccount()
            outcomes = try await oneDay(number, plan, fleet, journal, time, hosts, account, until: ManualTime.beginning.adding(seconds: (number + 1) * Self.day))
            rechecks += account.picture(time.now).counts[.rechecked] ?? 0
            if outcomes.values.allSatisfy(\.isFinal) { break }
        }
        #expect(outcomes.count == Self.tenants && outcomes.values.allSatisfy { $0 == .finished })
        #expect(judge.withLock { $0.violations } == [])
        let records = try await journal.records()
        #expect(JournalAudit(records).flaws.isEmpty)
        let drift = records.records.filter { $0.kind == "rechecked" }
        #expect(drift.map(\.stream) == ["t7", "t7"] && drift.map { $0.facts["finding"] } == ["absent", "inPlace"])

        // Thirty-five days of waiting, twice a day a sample, and a look after each; once more a day since every process looks when it begins.
        let days = Int(time.now.seconds(since: ManualTime.beginning)) / Self.day + 1
        let looks = hosts.asked(Simulated.Samples.kind)
        #expect(looks <= Self.tenants * days * 4, "\(looks) looks at \(Self.tenants) tenants in \(days) days")
        #expect(rechecks >= Self.tenants * (days - 6) && rechecks <= Self.tenants * (days + 1), "\(rechecks) daily looks in \(days) days")
    }
}
