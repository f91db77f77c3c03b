import ArgumentParser
import Cutover
import CutoverTestKit
import Foundation
import PlanFiles
import Testing

@testable import cutoverctl

@Suite("bad input")
struct BadInputTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    let folder = FileManager.default.temporaryDirectory.appending(path: "cutoverctl-\(UUID().uuidString)").path
    let quiet = Console { _, _ in }

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    func file(_ name: String, _ text: String) throws -> String {
        let path = "\(folder)/\(name)"
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    func fleet() throws -> String {
        try file("fleet.yaml", "tenants: [ { id: acme, host: localhost, transport: local, labels: { env: lab }, env: /e } ]\n")
    }

    func failure(plan: String? = nil, fleet: String? = nil, journal: String? = nil, ifMissing: Wiring.Missing = .refuse) async throws -> CommandFailure? {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let words = [("--plan", plan ?? "\(Self.root)/Plans/lab.yaml"), ("--fleet", try fleet ?? self.fleet()), ("--journal", journal ?? "\(folder)/none.db"), ("--as", "ann")]
        let wiring = try Wiring(try InputOptions.parse(words.flatMap { [$0.0, $0.1] }), quiet)
        do throws(CommandFailure) { _ = try await wiring.site(ifMissing: ifMissing, asking: false) } catch { return error }
        return nil
    }

    @Test("plans: missing, empty, malformed", arguments: [(nil, "no such plan file"), ("", "the file is empty"), ("a: [", "not YAML"), ("cutover: 1\n", "lacks name")])
    func plans(text: String?, why: String) async throws {
        let path = try text.map { try file("plan.yaml", $0) } ?? "\(folder)/none.yaml"
        let told = try #require(try await failure(plan: path))
        #expect(told.what.hasPrefix("the plan can't be used") && told.why.contains(why) && told.why.contains(path) && told.status == .failed)
    }

    @Test("fleets: missing, empty, malformed", arguments: [
        (nil, "no such fleet file"), ("", "the file is empty"), ("a: [", "not YAML"), ("tenants: []\n", "the fleet has no tenants"),
    ])
    func fleets(text: String?, why: String) async throws {
        let path = try text.map { try file("bad-fleet.yaml", $0) } ?? "\(folder)/none.yaml"
        let told = try #require(try await failure(fleet: path))
        #expect(told.what.hasPrefix("the fleet can't be used") && told.why.contains(why) && told.status == .failed)
    }

    @Test("journals: missing, empty, malformed, of another kind")
    func journals() async throws {
        #expect(try await failure()?.why.contains("no journal") == true)
        for (name, text) in [("empty.db", ""), ("junk.db", "this is no database, only a text that is long enough to look like a file")] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            #expect(try await failure(journal: try file(name, text))?.what == "the journal can't be used")
        }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let told = try await failure(journal: "postgres://user:hunter2@127.0.0.1:1/x")
        #expect(told?.why.contains("can't be reached") == true && told?.why.contains("hunter2") == false)
    }

    @Test("a question may be asked before there is a journal, and makes none")
    func unbegun() async throws {
        #expect(try await failure(ifMissing: .standIn) == nil)
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/none.db"))
    }

    @Test("the plans that come with the product are plans for this program's catalogue", arguments: ["lab.yaml", "memory-ssot.yaml"])
    func shipped(name: String) {
        #expect(PlanFile.read(path: "\(Self.root)/Plans/\(name)", catalog: Wiring.catalog).1 == [])
    }
}

@Suite("the journal's plan")
struct PlanGuardTests {
    func adopted(_ plan: Plan) async throws -> MemoryJournal {
        let journal = MemoryJournal()
        let engine = Engine(
            plan: plan, fleet: LampCatalog.fleet("acme"), catalog: LampCatalog.catalog, journal: journal, time: ManualTime(), me: "ann",
            holder: LeaseHolder(name: "test", seconds: 15)
        ) { _ in LampCatalog.transport() }
        _ = try await engine.advance("acme")
        return journal
    }

    func told(_ journal: MemoryJournal, _ plan: Plan, adopting: Bool = false) async -> CommandFailure? {
        do {
            let guarded = PlanGuard(journal: journal, plan: plan)
            if adopting { _ = try await guarded.behind(["acme", "zeta"]) } else { try await guarded.requireAdopted(["acme", "zeta"]) }
            return nil
        } catch { return error as? CommandFailure }
    }

    @Test("a journal of another plan is refused")
    func foreign() async throws {
        let journal = try await adopted(LampCatalog.plan())
        let other = Plan(name: "candles", revision: 1, author: "a", digest: "d", phases: [], rollout: LampCatalog.plan().rollout)
        #expect(await told(journal, other)?.what == "this journal is of another plan")
        #expect(await told(journal, LampCatalog.plan()) == nil)
    }

    @Test("a newer revision wants a word, an older one is refused, and so is an edit without a new revision")
    func revisions() async throws {
        let journal = try await adopted(LampCatalog.plan(revision: 2))
        #expect(await told(journal, LampCatalog.plan(revision: 3))?.status == .inTheWay)
        #expect(await told(journal, LampCatalog.plan(revision: 3), adopting: true) == nil)
        #expect(try await PlanGuard(journal: journal, plan: LampCatalog.plan(revision: 3)).behind(["acme", "zeta"]) == ["acme"])
        #expect(await told(journal, LampCatalog.plan(revision: 1), adopting: true)?.what == "the plan is older than the tenant's")
        #expect(await told(journal, LampCatalog.plan(revision: 2, digest: "other"), adopting: true)?.what == "the plan was changed without a new revision")
    }
}
