import CutoverTestKit
import Foundation
import Testing

@testable import Cutover

@Suite("where a tenant stands, as it is kept beside its status") struct StandTests {
    private static func world() -> LampWorld {
        LampWorld(fleet: LampCatalog.fleet("a", "b"), time: ManualTime(hurriesUpTo: 1000))
    }

    /// Both under way: `a` behind its first step.
    private static func begun() async throws -> LampWorld {
        let world = world()
        try await world.engine().go("a", to: "lamp.wire", world.time)
        _ = try await world.engine().advance("b")
        return world
    }

    private static func run(_ world: LampWorld) async throws -> [TenantID: FleetRun.Outcome] {
        try await FleetRun(engine: world.engine(), tenants: ["a", "b"], byWaves: true) { _, _ in }.run(waitForClocks: true, patience: 3)
    }

    private static func change(_ tenant: TenantID, in world: LampWorld, _ pairs: [(String, String)]) async throws {
        var lines = try await world.journal.statuses()
        for index in lines.indices where lines[index].tenant == tenant {
            var text = try CanonicalJSON.text(lines[index])
            for (old, new) in pairs {
                #expect(text.contains(old), "\(old) is in \(text)")
                text = text.replacing(old, with: new)
            }
            lines[index] = try #require(TenantStatus(line: text))
        }
        try await world.journal.replaceStatuses(lines)
    }

    @Test("is read by hand as the general reader reads it")
    func text() async throws {
        let world = try await Self.begun()
        try await world.engine().hold("b", reason: "lunch, \"long\"\n")
        for line in try await world.journal.statuses() {
            let text = try CanonicalJSON.text(line)
            #expect(TenantStatus(line: text) == (try CanonicalJSON.value(TenantStatus.self, from: text)))
        }
        let plain = try CanonicalJSON.text(try #require(try await world.journal.statuses().first))
        let read = try #require(StatusLineText.status(plain), "most lines are read by hand")
        #expect(read.stand != nil)
        #expect(try CanonicalJSON.text(read) == plain)
        for broken in ["", "{", plain + "}", String(plain.dropLast()), plain.replacing("\"state\":\"", with: "\"state\":\"un"), plain.replacing("\"tenant\"", with: "\"tenants\"")] {
            #expect(TenantStatus(line: broken) == nil, "\(broken)")
        }
        // What a newer build adds is left to the general reader, which passes it over.
        #expect(TenantStatus(line: plain.replacing("{\"atRest", with: "{\"added\":1,\"atRest").replacing("{\"exposed", with: "{\"added\":[1],\"exposed"))?.tenant == read.tenant)
    }

    @Test("counts only for the head that its stream has, by these rules and under this plan")
    func counts() async throws {
        let world = try await Self.begun()
        let lines = try await world.journal.lines(of: ["a"])
        let line = try #require(lines.first)
        let stand = try #require(line.status.stand)
        #expect(line.stand(under: world.plan) == stand)
        let head = line.head
        #expect(!stand.counts(for: JournalRecords.Head(stream: "a", revision: head.revision + 1, hash: head.hash), under: world.plan))
        #expect(!stand.counts(for: JournalRecords.Head(stream: "a", revision: head.revision, hash: "other"), under: world.plan))
        let plan = world.plan
        let other = Plan(name: plan.name, revision: 2, author: plan.author, digest: "another", phases: plan.phases, rollout: plan.rollout)
        #expect(!stand.counts(for: head, under: other))
        try await Self.change("a", in: world, [("\"rules\":\(Stand.rules)", "\"rules\":\(Stand.rules + 1)")])
        #expect(try await world.journal.lines(of: ["a"]).first?.stand(under: world.plan) == nil)
    }

    @Test("says of what a tenant takes what its standing says, at every event of a whole way")
    func needs() async throws {
        let world = Self.world()
        _ = try await Self.run(world)
        var standing = Standing("a", genesis: Event.genesis(of: "a", in: try await world.journal.identity()))
        for event in try await world.journal.events(in: "a", after: 0) {
            standing.apply(event)
            let status = standing.status(under: world.plan, catalog: world.catalog)
            let stand = try #require(status.stand)
            #expect(stand.revision == standing.revision && stand.head == standing.head && stand.hasBegun == (standing.planDigest != nil))
            for seconds in [-1, 0, 1] {
                let now = event.at.adding(seconds: seconds)
                #expect(stand.needs(at: now) == standing.needs(status, under: world.plan, catalog: world.catalog, now: now))
            }
        }
    }

    @Test("that is older than its stream is not gone by")
    func stale() async throws {
        let (world, sound) = (try await Self.begun(), try await Self.begun())
        let old = try await world.journal.statuses()
        for world in [world, sound] { try await world.engine().go("a", to: "lamp.light", world.time) }
        try await world.journal.replaceStatuses(old)
        #expect(try await Self.run(world) == (try await Self.run(sound)))
        #expect(try await world.kinds("a") == (try await sound.kinds("a")))
    }

    @Test("that is wrong is found out when the tenant is first asked, and nothing is done to it that its stream does not bear out")
    func wrong() async throws {
        let (world, sound) = (try await Self.begun(), try await Self.begun())
        // As though it were done, with every step behind it.
        try await Self.change("a", in: world, [("\"state\":\"pending\"", "\"state\":\"done\""), ("\"needs\":", "\"needs\":1")])
        let books = FleetBooks(world.engine(), of: ["a", "b"], RunAccount())
        _ = try await books.news()
        #expect(try await books.prove("a"))
        #expect(try await !books.prove("a"), "once")
        #expect(try await !books.prove("b"), "a sound one")
        let truth = try await world.engine().standing(of: "a").status(under: world.plan, catalog: world.catalog)
        #expect(await books.stand("a") == truth.stand)
        #expect(try await Self.run(world) == (try await Self.run(sound)))
        #expect(try await world.kinds("a") == (try await sound.kinds("a")))
    }

    @Test("what is folded otherwise has another number of rules")
    func rules() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/Cutover")
        var code = ""
        for name in ["Standing", "StandingStatus", "Stand", "Decision"] {
            for line in try String(contentsOf: folder.appending(path: "\(name).swift"), encoding: .utf8).split(separator: "\n") {
                let line = line.trimmingCharacters(in: .whitespaces)
                if !line.hasPrefix("//") { code += line + "\n" }
            }
        }
        // Lines that older builds stored must not be taken for what this one folds: a change here wants another number, and its digest.
        #expect([Stand.rules: Digest.sha256(code).prefix(16)] == [2: "48963525985273e5"])
    }
}
