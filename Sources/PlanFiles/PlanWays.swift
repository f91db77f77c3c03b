import Cutover
import Yams

/// Whether every state that a tenant can come to under the plan has a way on and a way back.
extension PlanReader {
    func judgeWays(_ plan: Plan, _ steps: [ReadStep]) {
        for end in PlanWalk(plan, catalog: catalog, goneAtOnce: goneAtOnce).deadEnds {
            let node = steps.first { $0.spec.id == end.step.id }?.node
            let tenant = "a tenant whose \(end.step.place) is \(end.position.word)"
            let isDefect = "leave it out: the kind \(end.step.spec.kind) does not do what its catalogue says of it"
            switch (end.way, end.stranded) {
            case (.forward, _): findings.note(node, "\(tenant) has no way forward: nothing carries \(end.step.id) on from there", fix: isDefect)
            case (.back, let later?) where catalog.nature(of: end.step.spec.kind) == .irreversible:
                let line = steps.first { $0.spec.id == later.id }?.node.mark?.line ?? 0
                findings.note(
                    node, "\(tenant) has no way back: \(end.step.id) can't be undone, and \(later.place) comes after it", fix: "move it below line \(line)")
            case (.back, _): findings.note(node, "\(tenant) has no way back: nothing takes \(end.step.id) back from there", fix: isDefect)
            }
        }
    }
}
