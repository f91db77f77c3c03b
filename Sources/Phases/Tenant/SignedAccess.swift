import Cutover

/// What a person signs of a change of access: the pairs there are, how far their number may grow, and the kinds of pairs.
///
/// Agents go on writing, so a signature over the very number would be void before it is used. What grows beyond, or is of a kind that
/// nobody saw, wants another one.
public struct SignedAccess: Sendable, Equatable {
    public enum Side: String, Sendable, CaseIterable { case gains, losses }

    public let pairs: Int
    public let upTo: Int
    /// Scope and role of the reader, such as `TEAM parent`, sorted.
    public let kinds: [String]

    /// - Parameter upTo: a tenth more than there are when nil, and a hundred at least.
    public init(_ side: Side, of change: AccessChange.Result, upTo: Int? = nil) {
        self.pairs = Self.pairs(side, change)
        self.upTo = upTo ?? pairs + max(100, pairs / 10)
        self.kinds = Self.kinds(side, change)
    }

    /// Nil when the facts are no signature of access.
    init?(_ facts: [String: String]) {
        guard let count = facts["count"].flatMap({ Int($0) }) else { return nil }
        self.pairs = count
        self.upTo = facts["upTo"].flatMap { Int($0) } ?? count
        self.kinds = (facts["kinds"] ?? "").split(separator: ",").map { $0.trimmingPrefix(" ") }.map(String.init)
    }

    public var facts: [String: String] { ["count": String(pairs), "upTo": String(upTo), "kinds": kinds.joined(separator: ", ")] }

    public static func topic(_ side: Side) -> String { "access/\(side.rawValue)" }

    static func pairs(_ side: Side, _ change: AccessChange.Result) -> Int { side == .gains ? change.gained : change.lost }

    private static func kinds(_ side: Side, _ change: AccessChange.Result) -> [String] {
        change.counts.filter { (side == .gains ? $0.gained : $0.lost) > 0 }.map { "\($0.scope) \($0.role)" }.sorted()
    }

    /// Why the change as it is now is not what was signed; nil when it is.
    func whyNot(_ side: Side, _ change: AccessChange.Result) -> String? {
        let found = Self.pairs(side, change)
        if found > upTo { return "\(found) pairs of reader and memory, and \(pairs) were signed, up to \(upTo)" }
        let others = Self.kinds(side, change).filter { !kinds.contains($0) }
        return others.isEmpty ? nil : "\(found) pairs of reader and memory, some of a kind that nobody signed: \(others.joined(separator: ", "))"
    }
}
