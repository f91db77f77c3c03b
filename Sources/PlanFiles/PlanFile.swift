public import Cutover
import Yams

/// The plan file: YAML in, a plan or every reason why it is none.
public enum PlanFile {
    /// The plan, unless anything is wrong with the file; then every problem, in the order of the file.
    /// - Parameter path: how problems call the file.
    /// - Parameter fleet: when given, waves that select production tenants by other labels than `env` are known as well.
    /// - Parameter goneAtOnce: how many finished steps the walk over the plan's states takes to be found gone at the same time.
    public static func read(text: String, path: String, catalog: StepCatalog, fleet: Fleet? = nil, goneAtOnce: Int = 0) -> (Plan?, [Problem]) {
        let findings = Findings(file: path)
        let reader = PlanReader(catalog: catalog, fleet: fleet, goneAtOnce: goneAtOnce, findings: findings)
        let plan = Document(text: text, begin: "cutover: 1", findings: findings).root.flatMap { reader.plan($0, text: text, path: path) }
        return findings.isEmpty ? (plan, []) : (nil, findings.problems)
    }

    /// As `read(text:)`, from the file itself, which may be missing, unreadable or no text.
    public static func read(path: String, catalog: StepCatalog, fleet: Fleet? = nil, goneAtOnce: Int = 0) -> (Plan?, [Problem]) {
        switch FileText.read(path, what: "plan", option: "--plan") {
        case .success(let text): read(text: text, path: path, catalog: catalog, fleet: fleet, goneAtOnce: goneAtOnce)
        case .failure(let problem): (nil, [problem])
        }
    }
}

/// Reads the parts of a plan, each into its value; what is wrong goes to `findings` and the rest is read on.
struct PlanReader {
    let catalog: StepCatalog
    let fleet: Fleet?
    let goneAtOnce: Int
    let findings: Findings

    func plan(_ root: Node, text: String, path: String) -> Plan? {
        let known = ["cutover", "name", "revision", "author", "ownState", "keys", "decisions", "approvals", "phases", "rollout"]
        guard let top = Section(root, "the plan", known: known, findings) else { return nil }
        version(top)
        let name = identifier(top, "name")
        let revision = top.int("revision", atLeast: 1)
        let author = top.text("author")
        let keys = keys(top, beside: path)
        let ownState = top.bool("ownState") ?? false
        let decisions = decisions(top)
        let approvals = approvals(top, author: author, keys: keys?.people ?? [])
        let waves = top.section("rollout", known: ["atOnce", "exposed", "failureBudget", "stragglers", "counts", "waves"])
        let production = waves.map { selectsProduction($0) } ?? false
        let (phases, steps) = phases(top, production: production)
        judgeAgreement(steps, approvals, top)
        if decisions["pluginDatabase"] == "separate" { judgeSeparate(steps) }
        if let topology = decisions["topology"], catalog.entry(for: "sidecar.start")?.settings.contains(where: { $0.key == "url" }) == true { judgeTopology(steps, topology) }
        guard let rollout = waves.flatMap({ rollout($0, steps: steps) }), let name, let revision, let author else { return nil }
        let plan = Plan(
            name: name, revision: revision, author: OperatorID(author), digest: Digest.sha256(text + (keys?.text ?? "")), ownState: ownState, decisions: decisions,
            approvals: approvals ?? Approvals(count: 0, from: [], notAuthor: true), phases: phases, rollout: rollout)
        if findings.isEmpty { judgeWays(plan, steps) }
        return plan
    }

    private func version(_ top: Section) {
        guard let node = top.value("cutover"), Scalars.int(node) != 1 else { return }
        findings.note(node, "the version of the plan format is \(Scalars.text(node) ?? "not a number"), and this build reads 1", fix: "write `cutover: 1`")
    }

    /// A name that is safe in addresses, file names and command lines.
    func identifier(_ section: Section, _ key: String, required: Bool = true) -> String? {
        guard let text = section.text(key, required: required) else { return nil }
        if Identifiers.isName(text) { return text }
        findings.note(
            section.valueNode(key), "\(section.title): the \(key) \(text) has characters that a name can't have",
            fix: "use letters, digits, dots, dashes and underscores, beginning with a letter or digit")
        return nil
    }

    private func decisions(_ top: Section) -> [String: String] {
        guard let section = top.section("decisions", known: catalog.decisions.map(\.name), required: !catalog.decisions.isEmpty) else { return [:] }
        var decided: [String: String] = [:]
        for rule in catalog.decisions {
            let choices = rule.supported.joined(separator: " or ")
            guard section.has(rule.name) else {
                findings.note(section.node, "the decision \(rule.name) is missing", fix: "decide it: `\(rule.name): \(choices)`")
                continue
            }
            guard let value = section.text(rule.name) else { continue }
            decided[rule.name] = value
            if rule.supported.contains(value) { continue }
            let node = section.valueNode(rule.name)
            if rule.known.contains(value) {
                findings.note(node, "the decision \(rule.name): \(value) is not supported by this build yet", fix: "write `\(rule.name): \(choices)`")
            } else {
                let meant = Spelling.nearest(to: value, among: rule.supported).map { "did you mean \($0)?" }
                findings.note(node, "the decision \(rule.name) can't be \(value)", fix: meant ?? "write `\(rule.name): \(choices)`")
            }
        }
        return decided
    }
}

enum Identifiers {
    static func isName(_ text: String) -> Bool { text.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{0,62}/) != nil }
    static func isTenant(_ text: String) -> Bool { text.wholeMatch(of: /[a-z0-9][a-z0-9._-]{0,62}/) != nil }
    /// These paths stand in commands that are taken apart at spaces, and in a service's file.
    static func isOfPath(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII ? scalar.properties.isAlphabetic || (48...57).contains(scalar.value) || "/._-+@:,=~%".unicodeScalars.contains(scalar) : scalar.properties.isAlphabetic
    }
    static func isVariable(_ text: String) -> Bool { text.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil }
}
