import Cutover
import CutoverTestKit
import Testing

@Suite("the trial of a step") struct TrialTests {
    private static func trial(_ step: StepID, things: [String: String] = [:]) -> StepTrial {
        StepTrial(of: step, in: LampCatalog.plan(), catalog: LampCatalog.catalog, host: LampCatalog.host("acme")) {
            let transport = ScriptedTransport(Lamp.operations, things: things)
            return StepTrial.World(transport: transport) {
                await transport.host("acme").things.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
            }
        }
    }

    @Test(
        "every lamp step survives it: forward, back and again, with a death at every append",
        arguments: ["lamp.wire", "lamp.light", "lamp.watch", "lamp.retire", "lamp.smash"] as [StepID])
    func passes(step: StepID) async throws { try await Self.trial(step).run() }

    @Test("a step that leaves something behind does not")
    func ghost() async throws {
        await #expect(throws: StepTrial.Failure.self) { try await Self.trial("lamp.light", things: ["ghost": "lit"]).run() }
    }

    @Test("a step that can't be performed does not")
    func stuck() async throws {
        await #expect(throws: StepTrial.Failure.self) { try await Self.trial("lamp.light", things: ["stuck": "lit"]).run() }
    }
}
