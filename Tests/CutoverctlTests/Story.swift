import Cutover
import CutoverTestKit

/// A journal that was written line by line: who recorded what, and when.
struct Story {
    let journal = MemoryJournal()
    let fleet = LampCatalog.fleet("acme", "zeta")
    let plan: Plan

    init(_ plan: Plan = LampCatalog.plan()) { self.plan = plan }

    static let wire = StepRef(tenant: "acme", phase: "L0", step: "lamp.wire")
    static let light = StepRef(tenant: "acme", phase: "L0", step: "lamp.light")
    static let watch = StepRef(tenant: "acme", phase: "L1", step: "lamp.watch")
    static func at(_ seconds: Int) -> Timestamp { ManualTime.beginning.adding(seconds: seconds) }

    func tell(_ changes: Event.Change..., of stream: StreamID = "acme", at seconds: Int, by person: OperatorID = "ann") async throws {
        for change in changes {
            let opened = try await journal.records()
            let head = opened.heads.first { $0.stream == stream } ?? .genesis(of: stream, in: opened.journal)
            let event = Event(stream: stream, revision: head.revision + 1, at: Self.at(seconds), by: person, fence: 0, change: change, previous: head.hash)
            try await journal.append([event], status: nil, under: nil, on: nil)
        }
    }

    func keep(_ plan: Plan? = nil, at seconds: Int = 0) async throws {
        let plan = plan ?? self.plan
        try await tell(.planKept(digest: plan.digest, text: try CanonicalJSON.text(plan)), of: .fleet, at: seconds)
    }

    func adopt(_ plan: Plan? = nil, at seconds: Int) async throws {
        let plan = plan ?? self.plan
        try await tell(.planAdopted(digest: plan.digest, name: plan.name, revision: plan.revision, wave: "all"), at: seconds)
    }

    /// Wired from the 10th to the 30th second, with the plan kept.
    func wired() async throws {
        try await keep()
        try await adopt(at: 5)
        try await tell(.started(Self.wire, attempt: 1), at: 10)
        try await tell(.performed(Self.wire, Evidence(["wired": "yes"])), at: 20)
        try await tell(.verified(Self.wire, .inPlace(Evidence(["seen": "lit <b>brightly</b>"]))), at: 30)
    }

    var engine: Engine {
        Engine(
            plan: plan, fleet: fleet, catalog: LampCatalog.catalog, journal: journal, time: ManualTime(), me: "ann", holder: LeaseHolder(name: "test", seconds: 15)
        ) { _ in nil }
    }
}
