import Cutover
import CutoverTestKit

/// Standings made of nothing but events.
enum Fold {
    static let plan = LampCatalog.plan()
    static let wire = StepRef(tenant: "acme", phase: "L0", step: "lamp.wire")
    static let light = StepRef(tenant: "acme", phase: "L0", step: "lamp.light")
    static let watch = StepRef(tenant: "acme", phase: "L1", step: "lamp.watch")
    static let retire = StepRef(tenant: "acme", phase: "L1", step: "lamp.retire")
    static let smash = StepRef(tenant: "acme", phase: "L1", step: "lamp.smash")
    static let mishap = StepFailure("it broke", effect: .partlyChanged, next: "mend it")
    static let later = ManualTime.beginning.adding(seconds: 300)

    static func adopted(_ plan: Plan = plan) -> Event.Change {
        .planAdopted(digest: plan.digest, name: plan.name, revision: plan.revision, wave: "all")
    }

    static func done(_ refs: StepRef...) -> [Event.Change] {
        refs.flatMap { [.started($0, attempt: 1), .performed($0, Evidence()), .verified($0, .inPlace(Evidence()))] }
    }

    static func standing(_ changes: [Event.Change], by: OperatorID = "ann") -> Standing {
        var standing = Standing("acme", genesis: Event.genesis(of: "acme", in: "j"))
        for change in changes { apply(change, to: &standing, by: by) }
        return standing
    }

    static func apply(_ change: Event.Change, to standing: inout Standing, by: OperatorID = "ann") {
        standing.apply(
            Event(
                stream: "acme", revision: standing.revision + 1, at: ManualTime.beginning.adding(seconds: standing.revision), by: by, fence: 0,
                change: change, previous: standing.head))
    }

    static func decide(_ changes: [Event.Change], under plan: Plan = plan) -> Decision {
        standing(changes).decide(under: plan, catalog: LampCatalog.catalog)
    }
}
