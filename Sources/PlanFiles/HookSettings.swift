public import Cutover
import Yams

/// One entry of `tell:` in `cutover.yaml`. It stands there and not in the plan: who is told is the operator's affair, changes without anybody's signature,
/// and an address is a secret.
public struct HookSettings: Sendable, Equatable {
    public enum Way: Sendable, Equatable {
        case webhook(Secret)
        case command([String])
    }

    /// Where an address stands; it never stands in a settings file itself.
    public enum Secret: Sendable, Equatable {
        case variable(String)
        case file(String)
    }

    /// All of it that is ever printed.
    public let name: String
    public let way: Way
    /// Nil: everything.
    public let kinds: Set<Notice.Kind>?

    public init(name: String, way: Way, kinds: Set<Notice.Kind>?) {
        self.name = name
        self.way = way
        self.kinds = kinds
    }

    static func read(_ section: Section) -> [HookSettings] {
        guard section.has("tell"), let list = section.list("tell", required: false, most: 50) else { return [] }
        var hooks: [HookSettings] = []
        for node in list {
            guard let hook = read(node, section.findings) else { continue }
            if hooks.contains(where: { $0.name == hook.name }) {
                section.findings.note(node, "two hooks are called \(hook.name)", fix: "give each a name of its own: what it was told is kept by it")
            }
            hooks.append(hook)
        }
        return hooks
    }

    private static func read(_ node: Node, _ findings: Findings) -> HookSettings? {
        guard let section = Section(node, "the hook", known: ["name", "webhook", "command", "on"], findings), let name = section.text("name") else { return nil }
        if !name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }) {
            findings.note(section.valueNode("name") ?? node, "a hook's name is made of letters, digits, `-`, `_` and `.`", fix: "write `name: on-call`")
        }
        guard section.has("webhook") != section.has("command") else {
            findings.note(node, "hook \(name) needs one way to be told", fix: "write `webhook: env:NAME`, or `command: [PROGRAM, …]`")
            return nil
        }
        let way = section.has("webhook") ? section.text("webhook").flatMap { secret($0, section, findings) }.map { Way.webhook($0) } : command(section, findings)
        guard let way else { return nil }
        return HookSettings(name: name, way: way, kinds: section.has("on") ? kinds(section, findings) : nil)
    }

    private static func secret(_ text: String, _ section: Section, _ findings: Findings) -> Secret? {
        if text.hasPrefix("env:"), Identifiers.isVariable(String(text.dropFirst(4))) { return .variable(String(text.dropFirst(4))) }
        if text.hasPrefix("file:"), text.count > 5 { return .file(String(text.dropFirst(5))) }
        findings.note(
            section.valueNode("webhook") ?? section.node, "webhook: an address is a secret, and never stands in a file that others may read",
            fix: "write `webhook: env:NAME` and set the variable where `cutoverctl run` runs, or `webhook: file:PATH`")
        return nil
    }

    private static func command(_ section: Section, _ findings: Findings) -> Way? {
        let words = section.list("command", most: 100)?.map { Scalars.text($0) } ?? []
        if words.isEmpty || words.contains(where: { $0 == nil }) || words.first == "" {
            if section.valueNode("command")?.sequence != nil {
                findings.note(section.valueNode("command") ?? section.node, "command: must be a program and its arguments", fix: "write `command: [/usr/local/bin/page, --quiet]`")
            }
            return nil
        }
        return .command(words.compactMap { $0 })
    }

    private static func kinds(_ section: Section, _ findings: Findings) -> Set<Notice.Kind>? {
        let known = Notice.Kind.allCases.map(\.rawValue)
        var kinds: Set<Notice.Kind> = []
        for node in section.list("on") ?? [] {
            let word = Scalars.text(node) ?? ""
            if let kind = Notice.Kind(rawValue: word) {
                kinds.insert(kind)
            } else {
                let fix = Spelling.nearest(to: word, among: known).map { "did you mean \($0)?" } ?? "known: \(known.joined(separator: ", "))"
                findings.note(node, "nobody can be told of \(word)", fix: fix)
            }
        }
        if kinds.isEmpty, findings.isEmpty { findings.note(section.keyNode("on") ?? section.node, "a hook that is told of nothing is none", fix: "leave `on:` out to be told of everything") }
        return kinds
    }
}
