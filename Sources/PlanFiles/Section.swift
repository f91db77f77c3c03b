import Cutover
import Yams

/// One mapping of a file with the keys it may have. Whatever else stands in it is a problem, and so is what is missing.
struct Section {
    let node: Node
    /// How problems call it: `step backfill.copy`.
    let title: String
    let findings: Findings
    private var entries: [String: (key: Node, value: Node)] = [:]
    /// Keys that seem to be there under a wrong spelling: told once, as that.
    private var misspelt: Set<String> = []

    /// Nil, with a problem, unless `node` is a mapping. `known` is nil where any key is right.
    init?(_ node: Node, _ title: String, known: [String]?, _ findings: Findings) {
        guard let mapping = node.mapping else {
            findings.note(node, "\(title) is not a list of `name: value`", fix: "write \((known ?? []).first.map { "`\($0): …`" } ?? "`name: value`") under it")
            return nil
        }
        self.node = node
        self.title = title
        self.findings = findings
        for (key, value) in mapping {
            guard let name = key.scalar?.string, !KeyMask.isMasked(name) else { continue }
            entries[name] = (key, value)
            guard let known, !known.contains(name) else { continue }
            let meant = Spelling.nearest(to: name, among: known)
            if let meant { misspelt.insert(meant) }
            findings.note(
                key, "\(title) has no key \(name)",
                fix: meant.map { "did you mean \($0)?" } ?? (known.isEmpty ? "remove it" : "remove it; known keys: \(known.joined(separator: ", "))"))
        }
    }

    var keys: [String] { entries.keys.sorted() }
    /// Whether the key is there, if only under a wrong spelling.
    func has(_ key: String) -> Bool { entries[key] != nil || misspelt.contains(key) }
    /// Where the key stands, and where its value does, for problems to point at.
    func keyNode(_ key: String) -> Node? { entries[key]?.key }
    func valueNode(_ key: String) -> Node? { entries[key]?.value }

    /// The value, whatever it is. A key without a value counts as missing.
    func value(_ key: String, required: Bool = true) -> Node? {
        if let entry = entries[key], !Scalars.isNull(entry.value) { return entry.value }
        if let entry = entries[key] {
            findings.note(entry.key, "\(title): \(key) has no value", fix: "write one after `\(key):` or remove the line")
        } else if required, !misspelt.contains(key) {
            findings.note(node, "\(title) lacks \(key)", fix: "add `\(key): …`")
        }
        return nil
    }

    func text(_ key: String, required: Bool = true) -> String? {
        guard let node = value(key, required: required) else { return nil }
        if let text = Scalars.text(node), !text.isEmpty { return text }
        findings.note(node, "\(title): \(key) must be a text", fix: "write `\(key): some text`")
        return nil
    }

    func int(_ key: String, atLeast least: Int, required: Bool = true) -> Int? {
        guard let node = value(key, required: required) else { return nil }
        guard let number = Scalars.int(node) else {
            findings.note(node, "\(title): \(key) must be a whole number", fix: "write `\(key): \(max(least, 1))`")
            return nil
        }
        if number >= least { return number }
        findings.note(node, "\(title): \(key) is \(number), and must be at least \(least)", fix: "write `\(key): \(least)` or more")
        return nil
    }

    func bool(_ key: String) -> Bool? {
        guard let node = value(key, required: false) else { return nil }
        if let answer = Scalars.bool(node) { return answer }
        findings.note(node, "\(title): \(key) must be true or false", fix: "write `\(key): true`")
        return nil
    }

    /// In seconds.
    func duration(_ key: String, required: Bool) -> Int? {
        guard let node = value(key, required: required) else { return nil }
        if let seconds = Scalars.seconds(node) { return seconds }
        findings.note(node, "\(title): \(key) is not a duration", fix: Scalars.durationFix(key))
        return nil
    }

    /// - Parameter most: more entries than anybody writes are none.
    func list(_ key: String, required: Bool = true, most: Int = 1000) -> [Node]? {
        guard let node = value(key, required: required) else { return nil }
        if let items = node.sequence, items.count <= most { return Array(items) }
        if let items = node.sequence {
            findings.note(node, "\(title): \(key) has \(items.count) entries, and \(most) are read at most", fix: "keep those that are needed")
            return nil
        }
        findings.note(node, "\(title): \(key) must be a list", fix: "write one `- …` a line under `\(key):`")
        return nil
    }

    func section(_ key: String, known: [String]?, required: Bool = true) -> Section? {
        value(key, required: required).flatMap { Section($0, key, known: known, findings) }
    }
}
