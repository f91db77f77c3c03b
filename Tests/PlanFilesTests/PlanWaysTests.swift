import Cutover
import Testing

@testable import PlanFiles

@Suite("what lint proves by walking a plan")
struct PlanWaysTests {
    /// The sample's catalogue, in which one kind is of another nature, or makes another form of step than it says.
    private func catalog(_ kind: StepKind, _ nature: StepCatalog.Nature, making made: AnyStep) -> StepCatalog {
        StepCatalog(
            SampleCatalog.catalog.entries.map { entry in
                entry.kind == kind
                    ? .init(kind: kind, nature: nature, milestone: "", requires: entry.requires, settings: entry.settings) { _, _ in made } : entry
            }, decisions: SampleCatalog.catalog.decisions)
    }

    private func problems(_ catalog: StepCatalog) -> [String] {
        let (plan, problems) = PlanFile.read(text: SamplePlan.text, path: "sample.yaml", catalog: catalog)
        #expect((plan == nil) == !problems.isEmpty)
        return problems.map(\.description)
    }

    @Test("a catalogue in which a step has no way back fails lint, which names step, state and place")
    func noWayBack() {
        #expect(
            problems(catalog("backfill.copy", .irreversible, making: .irreversible(NoStep()))) == [
                """
                sample.yaml:15:9: a tenant whose A1/backfill.copy is performed has no way back: backfill.copy can't be undone, and A1/env.wire comes after it
                    fix: move it below line 17
                """
            ])
        #expect(
            problems(catalog("env.wire", .reversible, making: .irreversible(NoStep()))).map { $0.split(separator: ":").last.map(String.init) }
                == [" the kind env.wire does not do what its catalogue says of it"])
    }

    @Test("a catalogue in which a step has no way forward fails lint")
    func noWayForward() {
        let found = problems(catalog("env.wire", .wait, making: .reversible(NoStep())))
        #expect(found.count == 1 && found.first?.contains("sample.yaml:17:9: a tenant whose A1/env.wire is pending has no way forward") == true)
    }

    @Test("the sample itself has both everywhere")
    func sound() { #expect(problems(SampleCatalog.catalog) == []) }
}
