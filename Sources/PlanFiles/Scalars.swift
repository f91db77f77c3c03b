import Cutover
import Yams

/// Single values, read without the surprises of YAML's types: `yes` is a text, and so is `1_000`.
enum Scalars {
    static func isNull(_ node: Node) -> Bool { isPlain(node) && ["", "~", "null", "Null", "NULL"].contains(node.scalar?.string) }

    static func text(_ node: Node) -> String? { isNull(node) ? nil : node.scalar?.string }

    /// What is counted here has at most nine digits; larger numbers are for nobody's good, and sums of them end the program.
    static func int(_ node: Node) -> Int? {
        guard isPlain(node), let text = node.scalar?.string else { return nil }
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return Int(text).flatMap { $0.magnitude < 1_000_000_000 ? $0 : nil }
    }

    static func bool(_ node: Node) -> Bool? {
        guard isPlain(node) else { return nil }
        return switch node.scalar?.string {
        case "true": true
        case "false": false
        default: nil
        }
    }

    static func seconds(_ node: Node) -> Int? {
        text(node).flatMap { Duration(shortForm: $0) }.map { Int($0.components.seconds) }
    }

    /// Whole seconds only: what waits for less is a setting of its own.
    static func wholeSeconds(_ node: Node) -> Int? { text(node)?.hasSuffix("ms") == true ? nil : seconds(node) }

    static func ratio(_ node: Node) -> Double? {
        guard isPlain(node), let text = node.scalar?.string, text.wholeMatch(of: /[0-9]+(\.[0-9]+)?/) != nil else { return nil }
        return Double(text).flatMap { $0 < 1_000_000_000 ? $0 : nil }
    }

    static func durationFix(_ key: String) -> String { "write a whole number and a unit, s, m, h or d: `\(key): 30s`, `15m`, `24h` or `30d`" }

    /// The shortest way to write so many seconds.
    static func duration(_ seconds: Int) -> String {
        for (unit, size) in [("d", 86_400), ("h", 3600), ("m", 60)] where seconds > 0 && seconds % size == 0 { return "\(seconds / size)\(unit)" }
        return "\(seconds)s"
    }

    /// Nil where a value is missing; the caller has a better word for that.
    static func setting(_ node: Node) -> Setting? {
        switch node {
        case .scalar:
            if let flag = bool(node) { return .bool(flag) }
            if let number = int(node) { return .int(number) }
            return text(node).map { .text($0) }
        case .sequence(let items): return .list(items.compactMap(setting))
        case .mapping(let mapping):
            var values: [String: Setting] = [:]
            for (key, value) in mapping {
                if let name = key.scalar?.string, !KeyMask.isMasked(name) { values[name] = setting(value) }
            }
            return .map(values)
        case .alias: return nil
        }
    }

    private static func isPlain(_ node: Node) -> Bool { node.scalar.map { $0.style == .plain || $0.style == .any } ?? false }
}
