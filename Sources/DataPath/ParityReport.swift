public import Foundation

/// What a full comparison found. Lists hold at most the limit asked for; the counts are complete.
public struct ParityReport: Sendable, Equatable, Codable {
    public struct Difference: Sendable, Equatable, Codable {
        public let id: UUID
        /// Fields of the shared projection that differ; `digest` where only that is known.
        public let fields: [String]
    }

    /// Rows of v1, or of the frozen list.
    public var rowsV1 = 0
    public var rowsV2 = 0
    public var equal = 0
    /// In v1 (or frozen) and not in v2, unexplained.
    public var missingCount = 0
    public var missing: [UUID] = []
    /// In v2 only, unexplained.
    public var extraCount = 0
    public var extra: [UUID] = []
    public var differentCount = 0
    public var different: [Difference] = []
    /// Differing rows that are on the exceptions list.
    public var exceptedIDs = 0
    /// Differing rows that are parked as conflicts.
    public var conflicts = 0
    /// Differing rows with an entry that was not looked at yet. Against frozen there are none.
    public var inFlightCount = 0
    public var inFlight: [UUID] = []
    /// Markers not expanded yet: rows they concern may still differ.
    public var markers = 0
    /// Against frozen: rows agents forgot in v2 since.
    public var forgottenSince = 0
    /// Against frozen: rows agents edited in v2 since.
    public var editedSince = 0
    /// Against frozen: rows agents added in v2 since.
    public var addedSince = 0
    /// Against frozen: most rows forgotten by one transaction. A bulk delete wants a person's eye.
    public var largestForget = 0
    /// SHA-256 over ids and digests in id order, hexadecimal.
    public var digestV1 = ""
    public var digestV2 = ""

    public init() {}

    /// No unexplained difference, and nothing still under way.
    public var clean: Bool {
        missingCount == 0 && extraCount == 0 && differentCount == 0 && inFlightCount == 0 && markers == 0
    }

    /// Unexplained differences, whatever is still under way.
    public var differences: Int { missingCount + extraCount + differentCount }
}
