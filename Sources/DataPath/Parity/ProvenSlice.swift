public import Foundation

/// A part of the key space that was compared in one snapshot, and what is left to be judged of it.
public struct ProvenSlice: Sendable, Equatable, Codable {
    public let range: KeyRange
    public let rowsV1: Int
    public let rowsV2: Int
    public let equal: Int
    public let sumV1: String
    public let sumV2: String
    /// Ids that differed, and ids that our own records say may differ.
    public let candidates: [UUID]
    /// Those of them whose rows are not in the counts and sums above.
    public let aside: Int
    /// The server's own description of the snapshot: whatever is not visible in it came later.
    public let snapshot: String
    public let at: String
}

/// Where a comparison that may be stopped keeps what it has proven. Slices come in key order.
public protocol ParityNotes: Sendable {
    /// What an earlier run with the same `print` left; nil when there is none.
    func read(print: String) async throws -> [ProvenSlice]?
    /// Forgets what was noted and begins anew.
    func begin(print: String) async throws
    /// Durable when it returns.
    func add(_ slice: ProvenSlice) async throws
}
