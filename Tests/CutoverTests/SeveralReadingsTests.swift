import Cutover
import CutoverTestKit
import Testing

@Suite("readings that are asked together") struct SeveralReadingsTests {
    let world = DialWorld()

    @Test("what all gates of a step and of its way back ask goes in one delivery, and each answer is recorded by itself")
    func together() async throws {
        _ = try await world.engine.advance("acme")
        #expect(try await world.engine.advance("acme").did == "performed")
        #expect(await world.kinds() == ["readings", "dial.read", "dial.turn", "dial.read"])
        #expect(try await world.verdicts().map { $0["claim"] } == ["e can be read", "a can be read", "b can be read", "a can be turned back", "c can be turned back"])
        #expect(try await world.verdicts().map { $0["answer"] } == Array(repeating: "open", count: 5))
        #expect(try await world.verdicts().map { $0["fact.b"] } == [nil, nil, "1", nil, nil])
    }

    @Test("one that can't be told keeps none of the others from being told")
    func oneBroken() async throws {
        await world.set("b", nil)
        await world.set("c", "-4")
        _ = try await world.engine.advance("acme")
        let shut = try await world.engine.advance("acme").shut
        #expect(shut.map(\.claim) == ["b can be read", "c can be turned back"])
        #expect(shut.map(\.verdict) == [.unknown("the dial b is broken"), .shut("c is at -4")])
        #expect(await world.kinds() == ["readings"])
    }

    @Test("a host whose program does not take several is asked one after another, with the same answers")
    func olderHand() async throws {
        await world.transport.change("acme") { $0.takesSeveral = false }
        await world.set("b", nil)
        _ = try await world.engine.advance("acme")
        #expect(try await world.engine.advance("acme").shut.map(\.verdict) == [.unknown("the dial b is broken")])
        #expect(await world.kinds() == ["readings"] + Array(repeating: "dial.read", count: 5))
    }

    @Test("when the way there breaks no gate is open, and it is not tried once for each", arguments: [ScriptedTransport.Mishap.neverSent, .lostAnswer, .garbledAnswer])
    func broken(mishap: ScriptedTransport.Mishap) async throws {
        _ = try await world.engine.advance("acme")
        await world.transport.plan(mishap, for: Readings.kind)
        let shut = try await world.engine.advance("acme").shut
        #expect(shut.count == 5 && shut.allSatisfy { $0.verdict.answer == "unknown" })
        #expect(await world.delivered() <= 1)
        #expect(try await world.engine.advance("acme").did == "performed")
    }

    @Test("what the gates were told is not taken for what is there afterwards")
    func asksAnew() async throws {
        _ = try await world.engine.advance("acme")
        // Between the gates and the step.
        await world.transport.during(Dials.Dial.kind) { [transport = world.transport] request in
            if request.kind == Readings.kind { await transport.during(Dials.Dial.kind) { _ in await transport.change("acme") { $0.things["a"] = "7" } } }
        }
        #expect(try await world.engine.advance("acme").did == "performed")
        #expect(try await world.journal.events(in: "acme", after: 0).last?.change.facts["after"] == "17")
        #expect(try await world.engine.advance("acme").did == "verified")
        await world.set("a", "1")
        #expect(try await world.engine.check("acme").first?.finding.isAbsent == true)
    }

    @Test("a preview asks all that the gates of all steps need in one delivery")
    func preview() async throws {
        await world.set("d", nil)
        let preview = try await world.engine.preview("acme")
        #expect(await world.kinds() == ["readings"])
        #expect(preview.steps.map { $0.gates.map(\.answer) } == [["open", "open", "open", "open", "open"], ["open", "open", "unknown"]])
        #expect(await world.transport.host("acme").received.allSatisfy { $0.operationClass == .reading })
    }

    @Test("another host is asked for itself, whatever this one has told")
    func elsewhere() async throws {
        let transport = world.transport
        await transport.change("books") { $0.things["a"] = "5" }
        let step = StepCatalog.Entry(kind: "dial.compare", nature: .reversible, milestone: "compared") { _, _ in
            .reversible(
                Comparing(
                    gate: Gate("both are read", asks: [Dials.Dial(name: "a"), Dials.Dial(name: "b")]) { sight in
                        do throws(StepFailure) {
                            return .open(Evidence(["here": "\(try await sight.ask(Dials.Dial(name: "a")))", "there": "\(try await sight.at("books").ask(Dials.Dial(name: "a")))"]))
                        } catch { return .unknown(error.what) }
                    }))
        }
        let plan = LampCatalog.plan(phases: [Phase(id: "D", steps: [LampCatalog.step("dial.compare")])])
        let engine = Engine(
            plan: plan, fleet: Fleet(tenants: [LampCatalog.host("acme")], others: [LampCatalog.host("books")]), catalog: StepCatalog([step]), journal: world.journal,
            time: world.time, me: "ann", holder: LeaseHolder(name: "one", seconds: 60)
        ) { _ in transport }
        let gate = try #require(try await engine.preview("acme").steps.first?.gates.first)
        #expect(gate.answer == "open" && gate.detail == "here 1, there 5")
    }

    private struct Comparing: ReversibleStep {
        let gate: Gate
        var preconditions: [Gate] { [gate] }
        var wayBack: [Gate] { [] }
        func preview(_ sight: Sight) async throws(StepFailure) -> Preview { Preview(commands: []) }
        func perform(_ site: Site) async throws(StepFailure) -> Evidence { Evidence() }
        func verify(_ sight: Sight) async throws(StepFailure) -> Finding { .absent(Evidence()) }
        func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence { Evidence() }
    }
}
