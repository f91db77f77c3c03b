import Cutover
import CutoverTestKit
import Testing

@Suite("a waiver") struct WaiverTests {
    private static let (ben, eve) = (SigningKey(), SigningKey())
    private static let mains = "the mains are on"
    private static let two = "2 approved it, not the author"
    private static let evidence = "the evidence of stage A is attached"

    private static func world(keys: Bool = false) -> LampWorld {
        let phases = [Phase(id: "L0", steps: [LampCatalog.step("lamp.wire", risk: .high), LampCatalog.step("lamp.light")])]
        let people = keys ? [Approver(name: "ben", keys: [ben.verifying])] : []
        let approvals = Approvals(count: 2, from: ["ben", "cas", "edison"], notAuthor: true, stages: ["A"], keys: people)
        return LampWorld(plan: LampCatalog.plan(approvals: approvals, phases: phases))
    }

    private func waive(_ world: LampWorld, _ check: String, by person: OperatorID = "ben", seconds: Int = 3600, facts: [String: String] = [:]) async throws {
        let expires = [Waiver.expiresKey: world.time.now.adding(seconds: seconds).description]
        try await world.engine("waiving", as: person).waive(
            "acme", world.plan.steps[0], claim: check, reason: "at night", facts: expires.merging(facts) { _, new in new })
    }

    /// The claims that keep the first step from beginning.
    private func shut(_ world: LampWorld) async throws -> [String] {
        if try await world.kinds().first(where: { $0 == "planAdopted" }) == nil { _ = try await world.engine().advance("acme") }
        return try await world.engine().preview("acme").steps[0].gates.filter { $0.answer != "open" }.map(\.claim)
    }

    @Test("sets one named check aside until it runs out, and says so in what is recorded")
    func named() async throws {
        let world = Self.world()
        #expect(try await shut(world) == [Self.two, Self.evidence])
        try await waive(world, Self.evidence, seconds: 60)
        #expect(try await shut(world) == [Self.two])
        try await waive(world, Self.two, facts: [Waiver.glassKey: "true"])
        #expect(try await shut(world) == [])
        #expect(try await world.engine().waivers(of: "acme").map(\.brokeGlass) == [false, true])
        world.time.advance(seconds: 60)
        #expect(try await shut(world) == [Self.evidence])
        #expect(try await world.engine().waivers(of: "acme").map(\.check) == [Self.two])
        try await waive(world, Self.evidence)
        _ = try await world.engine().advance("acme")
        let judged = try await world.events("gateAssessed").compactMap { event -> String? in
            if case .gateAssessed(_, Self.two, .open(let seen)) = event.change { seen.facts["waived by"] } else { nil }
        }
        #expect(judged == ["ben"])
        #expect(await world.writes().count == 1)
    }

    @Test("never counts for what keeps data from being lost, whoever recorded it")
    func dataSafety() async throws {
        let world = Self.world()
        await world.set("mains", "off")
        for check in [Self.mains, Self.two, Self.evidence, "the wire can be cut"] { try await waive(world, check, facts: [Waiver.glassKey: "true"]) }
        #expect(try await shut(world) == [Self.mains])
        guard case .gated(_, let shut) = try await world.engine().advance("acme") else {
            Issue.record("it was begun with the mains off")
            return
        }
        #expect(shut.map(\.claim) == [Self.mains])
        #expect(await world.writes().isEmpty)
    }

    @Test("tells for each check of a step whether it may be set aside, and why not")
    func checks() async throws {
        let checks = try await Self.world().engine().checks(of: Self.world().plan.steps[0], for: "acme")
        let told = Dictionary(uniqueKeysWithValues: checks.map { ($0.claim, $0.waiving) })
        #expect(told[Self.two] == .byBreakingGlass && told[Self.evidence] == .allowed && told[Self.mains] == .guardsData && told["the wire can be cut"] == .guardsData)
        let lamps = LampWorld()
        for kind in ["lamp.watch", "lamp.smash"] {
            let planned = try #require(lamps.plan.step(named: kind))
            let last = try await lamps.engine().checks(of: planned, for: "acme").last
            guard case .never? = last?.waiving else {
                Issue.record("\(kind) lets \(last?.claim ?? "nothing") be waived")
                continue
            }
        }
    }

    @Test("by the author, or by somebody whom the plan does not let approve, does not count")
    func people() async throws {
        for person in ["edison", "eve"] as [OperatorID] {
            let world = Self.world()
            try await waive(world, Self.evidence, by: person)
            #expect(try await shut(world) == [Self.two, Self.evidence])
            #expect(try await world.engine().waivers(of: "acme") == [])
        }
    }

    @Test("has to be signed where the plan names keys, and its end with it")
    func signed() async throws {
        let world = Self.world(keys: true)
        try await waive(world, Self.evidence)
        #expect(try await shut(world).contains(Self.evidence), "a word without signature counted")
        func signature(_ key: SigningKey, seconds: Int = 60) async throws -> [String: String] {
            try await world.engine("signing", as: "ben").approval(
                of: Waiver.topic("L0/lamp.wire", Self.evidence), for: "acme", wave: nil, expires: world.time.now.adding(seconds: seconds), reason: "at night", facts: [:]
            ).signed(with: key)
        }
        try await waive(world, Self.evidence, facts: try await signature(Self.eve))
        #expect(try await shut(world).contains(Self.evidence), "somebody else's key counted")
        var longer = try await signature(Self.ben)
        longer[Waiver.expiresKey] = world.time.now.adding(seconds: 6000).description
        try await waive(world, Self.evidence, facts: longer)
        #expect(try await shut(world).contains(Self.evidence), "its end was moved")
        let good = try await signature(Self.ben)
        try await waive(world, Self.two, facts: good)
        #expect(try await shut(world) == [Self.two, Self.evidence], "it was signed for another check")
        try await waive(world, Self.evidence, facts: good)
        #expect(try await shut(world) == [Self.two])
        world.time.advance(seconds: 60)
        #expect(try await shut(world) == [Self.two, Self.evidence])
    }

    @Test("is gone with the step that is taken back")
    func takenBack() async throws {
        let world = Self.world()
        for check in [Self.two, Self.evidence] { try await waive(world, check) }
        try await world.engine().go(to: "lamp.wire", world.time)
        #expect(try await world.engine().standing(of: "acme").status(under: world.plan, catalog: LampCatalog.catalog).waivers?.count == 2)
        try await world.engine().requestRevert("acme", to: nil, reason: "again")
        settling: while true {
            if case .settled = try await world.engine().advance("acme") { break settling }
        }
        #expect(try await shut(world) == [Self.two, Self.evidence])
        #expect(try await world.engine().standing(of: "acme").status(under: world.plan, catalog: LampCatalog.catalog).waivers == nil)
    }

    @Test("ends when somebody says so, for that check alone, and may be given anew")
    func ended() async throws {
        let world = Self.world()
        for check in [Self.two, Self.evidence, Self.evidence] { try await waive(world, check) }
        #expect(try await shut(world) == [])
        // By somebody who may not waive: it only makes the step stricter.
        let (eve, step) = (world.engine("x", as: "eve"), world.plan.steps[0])
        #expect(try await eve.recordedWaivers(of: step, for: "acme").count == 3)
        try await eve.endWaivers("acme", step, claim: Self.evidence, reason: "it was found")
        #expect(try await shut(world) == [Self.evidence])
        guard case .gated = try await world.engine().advance("acme") else {
            Issue.record("it was begun on a waiver that was ended")
            return
        }
        let ended = try #require(try await world.events("waiverEnded").first)
        #expect(ended.by == "eve" && ended.change.facts == ["claim": Self.evidence, "reason": "it was found"] && ended.change.ref?.place == step.place)
        #expect(try await world.engine().waivers(of: "acme").map(\.check) == [Self.two])
        #expect(try await world.engine().standing(of: "acme").status(under: world.plan, catalog: LampCatalog.catalog).waivers?.map(\.check) == [Self.two])
        try await waive(world, Self.evidence)
        #expect(try await shut(world) == [])
    }

    @Test("that is ended while the gates are asked holds the step back")
    func endedAtTheGate() async throws {
        let world = Self.world()
        for check in [Self.two, Self.evidence] { try await waive(world, check) }
        _ = try await world.engine().advance("acme")
        let other = world.engine("two", as: "bob")
        await world.transport.during(Lamp.Read.kind) { _ in try? await other.endWaivers("acme", world.plan.steps[0], claim: Self.evidence, reason: "stop") }
        #expect(try await world.engine().advance("acme").shut.map(\.claim) == [Self.evidence])
        #expect(await world.writes().isEmpty)
    }

    @Test("the evidence of a stage opens the gate that wants it, by its digest")
    func stages() async throws {
        let world = Self.world()
        try await world.engine("x", as: "cas").approve("acme", topic: Attestation.stage("A"), reason: "run 12", facts: ["digest": "abc", "file": "run.log"])
        #expect(try await shut(world) == [Self.two])
        let gate = try await world.engine().preview("acme").steps[0].gates.first { $0.claim == Self.evidence }
        #expect(gate?.detail == "by cas, digest abc")
    }

    @Test("a step of high risk waits for the evidence of every stage the plan names, and one of normal risk for none")
    func everyStage() async throws {
        let phases = [Phase(id: "L0", steps: [LampCatalog.step("lamp.wire"), LampCatalog.step("lamp.light", risk: .high)])]
        let world = LampWorld(plan: LampCatalog.plan(approvals: Approvals(count: 1, from: ["ben"], notAuthor: true, stages: ["A", "B", "C"]), phases: phases))
        try await world.engine().go(to: "lamp.wire", world.time)
        try await world.engine("x", as: "ben").approve("acme", topic: "L0/lamp.light", reason: "reviewed")
        for left in [["A", "B", "C"], ["B", "C"], ["C"]] {
            #expect(try await world.engine().advance("acme").shut.map(\.claim) == left.map { "the evidence of stage \($0) is attached" })
            #expect(await world.writes().count == 1)
            try await world.engine("x", as: "cas").approve("acme", topic: Attestation.stage(left[0]), reason: "run 12", facts: ["digest": "abc"])
        }
        #expect(try await world.engine().advance("acme").did == "performed")
    }
}
