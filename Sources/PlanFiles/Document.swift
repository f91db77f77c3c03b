import Cutover
import Foundation
import Yams

/// One YAML file as a tree with places. Keys that stand twice, anchors and secrets are found here, once for the whole tree.
struct Document {
    /// Largest files, in bytes: a tree takes a hundred times as much memory. A fleet of ten thousand tenants takes two and a half million.
    static let most = (plan: 1 << 20, fleet: 8 << 20)
    /// What is read in all, in bytes, to tell one repeated key after the other, and how often; those behind them are told when these are mended.
    private static let readings = (bytes: 4 << 20, times: 40)

    /// Nil when there is nothing to read on: the text is not YAML, or it is empty.
    let root: Node?

    /// - Parameters:
    ///   - begin: what an empty file should begin with.
    ///   - most: the largest file that is read, in bytes.
    init(text: String, begin: String, most: Int = Self.most.plan, findings: Findings) {
        guard text.utf8.count <= most else {
            findings.note(line: 1, column: 1, "the file has more than \(most >> 20) MiB", fix: "this is no file for us to read: give another")
            root = nil
            return
        }
        if let line = Aliases.firstAnchor(in: text) {
            findings.note(line: line, column: 1, "anchors and aliases are not accepted", fix: "write the value out in each place")
            root = nil
            return
        }
        var mask = KeyMask(text: text)
        self.root = Self.compose(&mask, begin, findings)
        if let root { Self.sweep(root, mask, findings) }
    }

    /// The reader below stops at the first mapping with a repeated key. Each such key is masked, without moving
    /// anything, and the text read again, so that the rest of the file is judged in the same run.
    private static func compose(_ mask: inout KeyMask, _ begin: String, _ findings: Findings) -> Node? {
        var left = min(readings.times, readings.bytes / max(1, mask.text.utf8.count))
        while true {
            do {
                // Nodes hold their anchors weakly: they are gone as soon as the parser is.
                let parser = try Parser(yaml: mask.text)
                return try withExtendedLifetime(parser) {
                    guard let root = try parser.singleRoot() else {
                        findings.note(line: 1, column: 1, "the file is empty", fix: "begin it with `\(begin)`, or give another file")
                        return nil
                    }
                    return noteAnchors(root, findings) ? nil : root
                }
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                left -= 1
                if left > 0, mask.hide(at: context.mark) { continue }
                findings.note(
                    line: context.mark.line, column: context.mark.column, "the key \(names.joined(separator: ", ")) stands twice",
                    fix: "keep one of them")
                return nil
            } catch {
                note(error, in: mask.text, findings)
                return nil
            }
        }
    }

    private static func note(_ error: any Error, in text: String, _ findings: Findings) {
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _), YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let line = mark.line <= lines.count && mark.line > 0 ? lines[mark.line - 1] : ""
            let because = context.map { " (\($0.text))" } ?? ""
            findings.note(
                line: mark.line, column: mark.column, "not YAML: \(problem)\(because)",
                fix: line.contains("\t") ? "indent with spaces, not with tabs" : "check quotes, brackets and indentation on this line and the one before")
        case YamlError.reader(let problem, let offset, _, _):
            let before = text.utf8.prefix(offset ?? 0)
            let line = before.count { $0 == UInt8(ascii: "\n") } + 1
            findings.note(line: line, column: 1, "not YAML: \(problem)", fix: "save the file as UTF-8 text")
        default:
            findings.note(line: 1, column: 1, "not YAML: \(error)", fix: "check the file with a YAML editor")
        }
    }

    private static func sweep(_ node: Node, _ mask: KeyMask, _ findings: Findings) {
        switch node {
        case .scalar(let scalar):
            guard let kind = SecretShapes.kind(of: scalar.string) else { return }
            findings.note(
                node, "this looks like \(kind)", fix: "keep it in the env file on the host and write `env:NAME` here, then replace the leaked value")
        case .sequence(let items): for item in items { sweep(item, mask, findings) }
        case .mapping(let mapping):
            sweepKeys(mapping.map(\.key), mask, findings)
            for pair in mapping {
                sweep(pair.key, mask, findings)
                sweep(pair.value, mask, findings)
            }
        case .alias: break
        }
    }

    private static func sweepKeys(_ keys: [Node], _ mask: KeyMask, _ findings: Findings) {
        var first: [String: Node] = [:]
        for key in keys {
            guard let name = key.scalar.map({ mask.original($0.string) }) else {
                findings.note(key, "a key that is not plain text", fix: "write `name: value`")
                continue
            }
            if let earlier = first[name] {
                findings.note(key, "the key \(name) stands twice, first on line \(earlier.mark?.line ?? 0)", fix: "keep one of them")
            } else {
                first[name] = key
            }
        }
    }

    /// Aliases can unfold to a tree without end, and a plan with them does not read from top to bottom.
    private static func noteAnchors(_ node: Node, _ findings: Findings) -> Bool {
        if node.anchor != nil {
            findings.note(node, "anchors and aliases are not accepted", fix: "write the value out in each place")
            return true
        }
        switch node {
        case .sequence(let items): return items.reduce(false) { noteAnchors($1, findings) || $0 }
        case .mapping(let mapping): return mapping.reduce(false) { noteAnchors($1.value, findings) || $0 }
        case .scalar, .alias: return false
        }
    }
}

/// Counts aliases before anything reads them: where one is a key, the reader compares what it unfolds to, which can be a tree without end.
enum Aliases {
    /// So few unfold to little. Were they only a text's asterisks, no name would be an anchor's as well.
    private static let most = 8

    /// The line of the first anchor, in a text that holds more aliases than `most`.
    static func firstAnchor(in text: String) -> Int? {
        var anchors: [ArraySlice<UInt8>: Int] = [:]
        var (line, found) = (1, 0)
        let bytes = Array(text.utf8)
        var place = 0
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            if byte == UInt8(ascii: "\n") { line += 1 }
            guard byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*") else { continue }
            let end = bytes[place...].firstIndex { !isNamed($0) } ?? bytes.count
            let name = bytes[place..<end]
            if byte == UInt8(ascii: "&"), !name.isEmpty { anchors[name] = min(line, anchors[name] ?? line) }
            if byte == UInt8(ascii: "*"), anchors[name] != nil { found += 1 }
            place = end
        }
        return found > most ? anchors.values.min() : nil
    }

    private static func isNamed(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }
}

/// A text in which repeated keys are told apart by their first character, every place in it unchanged.
struct KeyMask {
    private(set) var text: String
    private var replaced: [Unicode.Scalar: Unicode.Scalar] = [:]

    init(text: String) { self.text = text }

    /// Replaces the first character of the key at `mark` by one that nobody types. False when there is no key to change.
    mutating func hide(at mark: Mark) -> Bool {
        guard let stand = Unicode.Scalar(UInt32(0xE000 + replaced.count)), replaced.count < 1000 else { return false }
        var scalars = text.unicodeScalars
        guard var index = Self.index(of: mark, in: scalars) else { return false }
        if scalars[index] == "\"" || scalars[index] == "'" { scalars.formIndex(after: &index) }
        guard index < scalars.endIndex, scalars[index].properties.isAlphabetic || scalars[index].properties.numericType != nil else { return false }
        replaced[stand] = scalars[index]
        scalars.replaceSubrange(index...index, with: CollectionOfOne(stand))
        text = String(scalars)
        return true
    }

    /// The key as it was written.
    func original(_ key: String) -> String {
        guard let first = key.unicodeScalars.first, let was = replaced[first] else { return key }
        var scalars = key.unicodeScalars
        scalars.replaceSubrange(scalars.startIndex...scalars.startIndex, with: CollectionOfOne(was))
        return String(scalars)
    }

    static func isMasked(_ key: String) -> Bool { key.unicodeScalars.first.map { (0xE000...0xF8FF).contains($0.value) } ?? false }

    private static func index(of mark: Mark, in scalars: String.UnicodeScalarView) -> String.UnicodeScalarView.Index? {
        var index = scalars.startIndex
        var line = 1
        while line < mark.line {
            guard let end = scalars[index...].firstIndex(of: "\n") else { return nil }
            index = scalars.index(after: end)
            line += 1
        }
        return scalars.index(index, offsetBy: mark.column - 1, limitedBy: scalars.endIndex).flatMap { $0 < scalars.endIndex ? $0 : nil }
    }
}
