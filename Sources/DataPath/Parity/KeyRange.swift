public import Foundation
import Postgres

/// Keys from `lower` on and below `upper`; nil is an open end. The order is that of the bytes, which is the server's as well.
public struct KeyRange: Sendable, Hashable, Codable {
    public let lower: UUID?
    public let upper: UUID?

    public init(lower: UUID?, upper: UUID?) {
        self.lower = lower
        self.upper = upper
    }

    public static let all = KeyRange(lower: nil, upper: nil)

    public func contains(_ key: UUID) -> Bool {
        if let lower, key < lower { return false }
        if let upper, key >= upper { return false }
        return true
    }

    /// In order, without gap or overlap: each of these keys that lies inside begins a range. Keys may come twice and in any order.
    public func split(at keys: some Sequence<UUID>) -> [KeyRange] {
        var ranges: [KeyRange] = []
        var begin = lower
        for key in Set(keys).sorted() where contains(key) && key != begin {
            ranges.append(KeyRange(lower: begin, upper: key))
            begin = key
        }
        return ranges + [KeyRange(lower: begin, upper: upper)]
    }

    /// What is left of the range above `done`; nil when nothing is.
    func after(_ done: KeyRange?) -> KeyRange? {
        guard let done else { return self }
        return done.upper.map { KeyRange(lower: $0, upper: upper) }
    }

    /// As a condition on `column`, whose text is safe by construction.
    func condition(_ column: String) -> String {
        let parts = [lower.map { "\(column) >= '\($0.lowercased)'" }, upper.map { "\(column) < '\($0.lowercased)'" }].compactMap { $0 }
        return parts.isEmpty ? "true" : parts.joined(separator: " AND ")
    }
}
