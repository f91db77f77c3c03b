import Cutover
import CutoverTestKit
import Testing

@Suite("the trial of a plan") struct PlanTrialTests {
    private static func trial(_ things: ScriptedOperations.Things = [:], meddle: @escaping @Sendable (ScriptedTransport) async -> Void = { _ in }) -> PlanTrial {
        let transport = ScriptedTransport(Lamp.operations, things: things)
        let parts = ["wired", "lit", "drawer", "retired"]
        let world = PlanTrial.World(
            transport: transport, time: ManualTime(hurriesUpTo: 10_000),
            picture: {
                await meddle(transport)
                return await transport.host("acme").things.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "\n")
            },
            belongings: { await transport.host("acme").things.filter { parts.contains($0.key) }.keys.sorted().joined(separator: "\n") })
        return PlanTrial(
            of: LampCatalog.plan(), catalog: LampCatalog.catalog, host: LampCatalog.host("acme"), world: world, patienceSeconds: 1000, pauseMilliseconds: 10_000,
            agree: { _, _, _ in [] })
    }

    @Test("a plan whose steps do what they say passes")
    func passes() async throws { try await Self.trial().run() }

    @Test("a step that leaves something behind on its way back does not")
    func ghost() async throws {
        let failure = await #expect(throws: PlanTrial.Failure.self) { try await Self.trial(["ghost": "lit"]).run() }
        #expect(failure?.description.contains("lamp.light") == true)
    }

    @Test("a step that can't be performed does not")
    func stuck() async throws {
        let failure = await #expect(throws: PlanTrial.Failure.self) { try await Self.trial(["stuck": "wired"]).run() }
        #expect(failure?.description.contains("stuck") == true)
    }

    @Test("a gate that nobody opens does not")
    func shut() async throws {
        let failure = await #expect(throws: PlanTrial.Failure.self) { try await Self.trial(["mains": "off"]).run() }
        #expect(failure?.description.contains("the mains are on") == true)
    }

    @Test("a world that changes while one looks is told line by line")
    func restless() async throws {
        let trial = Self.trial { transport in
            await transport.change("acme") { $0.things["dust"] = ($0.things["dust"] ?? "") + "." }
        }
        let failure = await #expect(throws: PlanTrial.Failure.self) { try await trial.run() }
        #expect(failure?.description.contains("preview changes nothing\n- dust=.\n+ dust=..") == true)
    }
}
