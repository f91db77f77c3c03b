public import Foundation

/// What a comparison found. Lists hold at most the limit asked for; the counts are complete.
public struct ParityReport: Sendable, Equatable, Codable {
    public struct Difference: Sendable, Equatable, Codable {
        public let id: UUID
        /// Fields that differ: `namespace`, `content`, `created_at`, `embedding`, `kind`; `digest` where only that is known.
        public let fields: [String]

        public init(id: UUID, fields: [String]) {
            self.id = id
            self.fields = fields
        }
    }

    /// Rows of v1, or of the frozen list.
    public var rowsV1 = 0
    public var rowsV2 = 0
    public var equal = 0
    /// In v1 (or frozen) and not in v2, unexplained.
    public var missingCount = 0
    public var missing: [UUID] = []
    /// In v2 only, unexplained, and never agreed to be gone.
    public var extraCount = 0
    public var extra: [UUID] = []
    /// In v2 although both sides had agreed that it was forgotten.
    public var resurrectedCount = 0
    public var resurrected: [UUID] = []
    public var differentCount = 0
    public var different: [Difference] = []
    /// Differing rows that are on the exceptions list.
    public var exceptedIDs = 0
    /// Differing rows that are parked as conflicts.
    public var conflicts = 0
    /// Differing rows with an entry that was not looked at yet. Against frozen there are none.
    public var inFlightCount = 0
    public var inFlight: [UUID] = []
    /// Markers not expanded yet: rows they concern may still differ. Against frozen they are part of `changes`.
    public var markers = 0
    /// Against frozen: rows agents forgot in v2 since.
    public var forgottenSince = 0
    /// Against frozen: rows agents edited in v2 since.
    public var editedSince = 0
    /// Against frozen: rows agents added in v2 since.
    public var addedSince = 0
    /// Against frozen: rows that went with a TRUNCATE of v2.
    public var truncatedSince = 0
    /// Against frozen: most rows forgotten by one transaction.
    public var largestForget = 0
    /// Against frozen: who changed v2 since, and what of it wants a signature.
    public var changes: ChangesSince?
    /// The sum of all rows' fingerprints, hexadecimal: equal for equal stores, whatever the order of their rows.
    public var digestV1 = ""
    public var digestV2 = ""
    /// False when the time was up first: the rest is not known to be equal.
    public var complete = false
    /// Rows of the ranges that were compared, and about how many there are.
    public var provenRows = 0
    public var estimatedRows = 0
    /// Rows compared in an earlier run that was stopped; part of `provenRows`.
    public var resumedRows = 0
    /// Ids compared once more because something happened to them meanwhile.
    public var rechecked = 0
    /// Over HTTP: rows that no search shows, though nothing says they are not there. They were proven when they were placed, not now.
    public var unproven = 0
    /// Over HTTP: rows that were proven in the plugin and are not there any more, or say something else that is not ours. Nothing tells
    /// an agent's forget or edit from a loss: a person has to.
    public var changedCount = 0
    public var changed: [UUID] = []
    /// The moments of the first and the last look, by the database's clock.
    public var from = ""
    public var to = ""

    public init() {}

    /// All was compared, no difference is unexplained, and nothing is still under way.
    public var clean: Bool { complete && differences == 0 && inFlightCount == 0 && markers == 0 }

    /// Unexplained differences, whatever is still under way.
    public var differences: Int { missingCount + extraCount + resurrectedCount + differentCount + changedCount }
}

/// One differing row.
public struct ParityLine: Sendable, Equatable, Codable {
    public enum What: String, Sendable, Codable {
        case missing, extra, resurrected, different
        /// It differed, and its entry had not been looked at when the time was up.
        case inFlight = "in-flight"
        /// Over HTTP: see `ParityReport.changedCount`. Its field is `absent` or `content`.
        case changed = "changed-in-plugin"
        /// Over HTTP: no search shows it, which says nothing.
        case unproven
    }
    public let id: UUID
    public let what: What
    public let fields: [String]

    public init(id: UUID, what: What, fields: [String]) {
        self.id = id
        self.what = what
        self.fields = fields
    }
}

extension ParityReport {
    /// Everything that is listed by id.
    var lines: [ParityLine] {
        let kinds: [(ParityLine.What, [UUID])] = [(.missing, missing), (.extra, extra), (.resurrected, resurrected), (.inFlight, inFlight)]
        return kinds.flatMap { what, ids in ids.map { ParityLine(id: $0, what: what, fields: []) } }
            + different.map { ParityLine(id: $0.id, what: .different, fields: $0.fields) }
    }

    /// Keeps at most so many ids of each kind; the counts stay.
    mutating func trim(to limit: Int) {
        missing = Array(missing.prefix(limit))
        extra = Array(extra.prefix(limit))
        resurrected = Array(resurrected.prefix(limit))
        inFlight = Array(inFlight.prefix(limit))
        different = Array(different.prefix(limit))
    }

    mutating func take(_ line: ParityLine, limit: Int) {
        func add(_ list: inout [UUID], _ count: inout Int) {
            count += 1
            if list.count < limit { list.append(line.id) }
        }
        switch line.what {
        case .missing: add(&missing, &missingCount)
        case .extra: add(&extra, &extraCount)
        case .resurrected: add(&resurrected, &resurrectedCount)
        case .inFlight: add(&inFlight, &inFlightCount)
        case .changed: add(&changed, &changedCount)
        case .unproven: unproven += 1
        case .different:
            differentCount += 1
            if different.count < limit { different.append(Difference(id: line.id, fields: line.fields)) }
        }
    }
}
