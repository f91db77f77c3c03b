import Yams

/// `cutover.yaml`: which plan, fleet, journal and bundle belong to this folder, and who is told of what happens.
public struct InputsFile: Sendable, Equatable {
    public let plan: String?
    public let fleet: String?
    public let journal: String?
    public let bundle: String?
    public let hooks: [HookSettings]

    public static func read(text: String, path: String) -> (InputsFile?, [Problem]) {
        let findings = Findings(file: path)
        let inputs = Document(text: text, begin: "plan: FILE", findings: findings).root.flatMap { root in
            Section(root, "the file", known: ["plan", "fleet", "journal", "bundle", "tell"], findings).map { section in
                InputsFile(
                    plan: section.text("plan", required: false), fleet: section.text("fleet", required: false),
                    journal: section.text("journal", required: false), bundle: section.text("bundle", required: false),
                    hooks: HookSettings.read(section))
            }
        }
        return findings.isEmpty ? (inputs, []) : (nil, findings.problems)
    }

    public static func read(path: String) -> (InputsFile?, [Problem]) {
        switch FileText.read(path, what: "inputs", option: "--plan, --fleet and --journal") {
        case .success(let text): read(text: text, path: path)
        case .failure(let problem): (nil, [problem])
        }
    }
}
