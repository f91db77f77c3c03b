import Cutover
import CutoverTestKit
import Testing

/// One journal, one clock and the lamps of a small fleet, for engines to work on.
struct LampWorld {
    let journal: MemoryJournal
    let transport: ScriptedTransport
    let time: ManualTime
    let plan: Plan
    let fleet: Fleet
    let catalog: StepCatalog

    init(
        plan: Plan = LampCatalog.plan(), fleet: Fleet = LampCatalog.fleet("acme"), time: ManualTime = ManualTime(), journal: MemoryJournal = MemoryJournal(),
        catalog: StepCatalog = LampCatalog.catalog
    ) {
        self.transport = LampCatalog.transport()
        self.catalog = catalog
        self.journal = journal
        self.time = time
        self.plan = plan
        self.fleet = fleet
    }

    /// The same hosts, plan and clock, and another journal.
    init(copying other: LampWorld, journal: MemoryJournal) {
        (self.journal, transport, time, plan, fleet, catalog) = (journal, other.transport, other.time, other.plan, other.fleet, other.catalog)
    }

    /// An engine of a process of its own. `gone` says that every other process is known to have died.
    func engine(_ name: String = "one", as person: OperatorID = "ann", plan: Plan? = nil, gone: Bool = false) -> Engine {
        let transport = transport
        return Engine(
            plan: plan ?? self.plan, fleet: fleet, catalog: catalog, journal: journal, time: time, me: person,
            holder: LeaseHolder(name: name, seconds: 60, gone: { _ in gone })
        ) { _ in transport }
    }

    func kinds(_ tenant: TenantID = "acme") async throws -> [String] {
        try await journal.events(in: StreamID(tenant), after: 0).map(\.change.kind)
    }

    func events(_ kind: String, of tenant: TenantID = "acme") async throws -> [Event] {
        try await journal.events(in: StreamID(tenant), after: 0).filter { $0.change.kind == kind }
    }

    func set(_ key: String, _ value: String?, of tenant: TenantID = "acme") async {
        await transport.change(tenant) { $0.things[key] = value }
    }

    func thing(_ key: String, of tenant: TenantID = "acme") async -> String? { await transport.host(tenant).things[key] }

    func writes(_ kind: OperationKind = Lamp.Set.kind, to tenant: TenantID = "acme") async -> [HostRequest] {
        await transport.requests(of: kind, to: tenant)
    }
}

extension Engine {
    /// Advances until the step has been verified, letting the clock run where it has to.
    func go(_ tenant: TenantID = "acme", to step: StepID, _ time: ManualTime) async throws {
        for _ in 0..<100 {
            if try await standing(of: tenant).position(of: step) == .verified { return }
            let advance = try await advance(tenant)
            switch advance {
            case .did: break
            case .waiting: time.advance(seconds: 100)
            case .consentNeeded(let ref): try await approve(tenant, topic: ref.place, reason: "agreed")
            default:
                Issue.record("\(tenant) came to a stand before \(step): \(advance)")
                return
            }
        }
        Issue.record("\(tenant) never verified \(step)")
    }

    func position(_ step: StepID, of tenant: TenantID = "acme") async throws -> Standing.Position { try await standing(of: tenant).position(of: step) }
}

extension Advance {
    var did: String? { if case .did(_, let what) = self { what } else { nil } }
    var isUnknown: Bool { if case .unknown = self { true } else { false } }
    var failure: StepFailure? { if case .failed(_, let failure) = self { failure } else { nil } }
    var shut: [GateAnswer] { if case .gated(_, let answers) = self { answers } else { [] } }
    var stop: Decision.Stop? { if case .stopped(let stop) = self { stop } else { nil } }
    var isWaiting: Bool { if case .waiting = self { true } else { false } }
    var wantsConsent: Bool { if case .consentNeeded = self { true } else { false } }
    var isSettled: Bool { if case .settled = self { true } else { false } }
    var isFinished: Bool { if case .finished = self { true } else { false } }
}
