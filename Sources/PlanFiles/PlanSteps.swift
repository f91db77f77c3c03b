import Cutover
import Yams

/// A step with its place in the file.
struct ReadStep {
    let node: Node
    let phase: PhaseID
    let spec: StepSpec
    /// The kind that a misspelt one stands for, so that the slip is told once and not as a missing step as well.
    var meant: StepKind?
    var kind: StepKind { meant ?? spec.kind }
    var place: String { "\(phase)/\(spec.id)" }
}

/// `phases:` and the steps in them.
extension PlanReader {
    private static let mostSteps = 100

    func phases(_ top: Section, production: Bool) -> ([Phase], [ReadStep]) {
        guard let nodes = top.list("phases") else { return ([], []) }
        if nodes.isEmpty { findings.note(top.valueNode("phases"), "the plan has no phases", fix: "add one: `- { id: A0, steps: [...] }`") }
        var phases: [Phase] = []
        var steps: [ReadStep] = []
        for node in nodes {
            guard let section = Section(node, "the phase", known: ["id", "steps"], findings) else { continue }
            let id = PhaseID(identifier(section, "id") ?? "?")
            if phases.contains(where: { $0.id == id }) { findings.note(section.valueNode("id"), "there are two phases \(id)", fix: "give each phase an id of its own") }
            guard let list = section.list("steps") else { continue }
            if list.isEmpty { findings.note(section.keyNode("steps"), "phase \(id) has no steps", fix: "add one, or remove the phase") }
            let read = list.compactMap { step($0, of: id, production: production) }
            phases.append(Phase(id: id, steps: read.map(\.spec)))
            steps += read
        }
        guard steps.count <= Self.mostSteps else {
            findings.note(top.valueNode("phases"), "the plan has \(steps.count) steps, and \(Self.mostSteps) are read at most", fix: "split it into several plans")
            return (phases, [])
        }
        judgeOrder(steps)
        return (phases, steps)
    }

    private func step(_ node: Node, of phase: PhaseID, production: Bool) -> ReadStep? {
        let uses = node.mapping?["uses"].flatMap(Scalars.text)
        guard let section = Section(node, uses.map { "step \($0)" } ?? "the step", known: ["uses", "id", "risk", "with"], findings),
            let kind = section.text("uses")
        else { return nil }
        let id = identifier(section, "id", required: false) ?? kind
        if id == "start" { findings.note(section.valueNode("id"), "no step can be called start: a way back ends there", fix: "give it another id") }
        let risk = risk(section)
        guard let entry = catalog.entry(for: StepKind(kind)) else {
            let kinds = catalog.entries.map(\.kind.text)
            let meant = Spelling.nearest(to: kind, among: kinds)
            findings.note(
                section.valueNode("uses"), "there is no kind of step \(kind)",
                fix: meant.map { "did you mean \($0)?" } ?? "use one of \(kinds.joined(separator: ", "))")
            let spec = StepSpec(id: StepID(id), kind: StepKind(kind), risk: risk)
            return ReadStep(node: node, phase: phase, spec: spec, meant: meant.map { StepKind($0) })
        }
        let settings = settings(section, rules: entry.settings, production: production)
        return ReadStep(node: node, phase: phase, spec: StepSpec(id: StepID(id), kind: entry.kind, risk: risk, settings: settings))
    }

    private func risk(_ section: Section) -> Risk {
        guard let word = section.text("risk", required: false) else { return .normal }
        if let risk = Risk(rawValue: word) { return risk }
        findings.note(section.valueNode("risk"), "\(section.title): the risk can't be \(word)", fix: "write `risk: normal` or `risk: high`")
        return .high
    }

    private func judgeOrder(_ steps: [ReadStep]) {
        for (index, step) in steps.enumerated() {
            if let first = steps[..<index].first(where: { $0.spec.id == step.spec.id }) {
                findings.note(
                    step.node, "two steps are called \(step.spec.id), the first on line \(first.node.mark?.line ?? 0)",
                    fix: "give this one an `id:` of its own")
            }
            for needed in catalog.entry(for: step.spec.kind)?.requires(step.spec.settings) ?? [] where !steps[..<index].contains(where: { $0.kind == needed }) {
                if let later = steps.first(where: { $0.kind == needed }) {
                    findings.note(
                        step.node, "\(step.spec.id) stands before \(needed), which it needs",
                        fix: "move it below line \(later.node.mark?.line ?? 0)")
                } else {
                    findings.note(step.node, "\(step.spec.id) needs \(needed), which the plan does not have", fix: "add `- { uses: \(needed) }` above it")
                }
            }
        }
    }
}
