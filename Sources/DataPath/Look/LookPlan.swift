import Foundation
import Postgres

/// What a look does with an id.
enum LookAction: String, Sendable {
    case same, ins1, ins2, upd1, upd2, del1, del2, conflict, exception
}

/// One id of a plan, as the snapshot showed it.
struct PlannedID: Sendable {
    let id: UUID
    var action: LookAction
    /// Digests as the server printed them; nil when that side has no row.
    let a: String?
    let b: String?
    let known: Bool
    let state: String?
    let agreed: String?
    let agreedNamespace: String?
    let target: String?
    let namespace2: String?
    let owner: String?
    let scope: String?
    /// The row that is overwritten or deleted holds something its forget had not seen.
    var keepOther: Bool
    var reason: String?
    var detail: String?
    /// The side that could not be written, for the exceptions list.
    var side: Int
    let isProbe: Bool
    let seqs: String?
    /// The row that cannot be carried began a new life, so the other side's row is of a forgotten one.
    private(set) var forgetsOldLife: Bool
    private let endsLife: Bool
    /// What kind of credential the carried text looks like, where the plan wants to know.
    let credential: String?

    /// The moment it was made, if an agent made it while we were looking: what its twin is looked for by.
    let came: String?

    init(_ row: PostgresRow) throws {
        id = try row.uuid("id")
        let wanted = LookAction(rawValue: try row.string("action")) ?? .exception
        reason = try row.optionalString("reason")
        endsLife = try row.bool("old_life_ended")
        side = wanted == .ins1 || wanted == .upd1 || reason == KeyValueProjection.notOurForm ? 2 : 1
        forgetsOldLife = reason != nil && endsLife
        if reason == nil {
            action = wanted
        } else if endsLife {
            action = wanted == .upd2 ? .del2 : .del1
        } else {
            action = .exception
        }
        a = try row.optionalString("a")
        b = try row.optionalString("b")
        known = try row.bool("known")
        state = try row.optionalString("state")
        agreed = try row.optionalString("agreed")
        agreedNamespace = try row.optionalString("agreed_namespace")
        target = try row.optionalString("target")
        namespace2 = try row.optionalString("namespace2")
        owner = try row.optionalString("owner")
        scope = try row.optionalString("scope")
        keepOther = try row.bool("keep_other") && action != .exception
        isProbe = try row.bool("probe")
        seqs = try row.optionalString("seqs")
        credential = try row.optionalString("credential")
        if reason == "other" { detail = "expired in v2" }
        if reason == ExceptionRules.credential { detail = credential }
        if reason == ExceptionRules.twin { detail = try row.optionalString("twin") }
        came = reason == nil ? try row.optionalString("came") : nil
    }

    /// What `placed` says once this look is done.
    var placed: (state: String, digest: String?, namespace: String?) {
        switch action {
        case .same where a != nil, .ins2, .upd2: ("live", a, target)
        case .ins1, .upd1: ("live", b, namespace2)
        case .same, .del1, .del2: ("gone", nil, nil)
        case .conflict: ("conflict", agreed, agreedNamespace)
        case .exception: (state ?? "gone", agreed, agreedNamespace)
        }
    }

    /// Both sides must be what `placed` says, once written.
    var isReadBack: Bool {
        action != .conflict && action != .exception && !forgetsOldLife
    }

    /// Carried or left behind, it goes on the list.
    var isListed: Bool { (reason != nil || credential != nil) && !isProbe }

    /// Another action than the merge's own, for a difference that no entry explains.
    mutating func force(_ action: LookAction) {
        self.action = action
        keepOther = false
        reason = nil
        detail = nil
    }

    /// The side that gets a row it did not have; 0 for none.
    var insertedSide: Int { action == .ins1 ? 1 : action == .ins2 ? 2 : 0 }

    /// The other side refused the row. What it was to replace goes all the same where its life had ended.
    mutating func except(_ reason: String, _ detail: String) {
        side = action == .ins1 || action == .upd1 || action == .del1 ? 2 : 1
        forgetsOldLife = endsLife && (action == .upd1 || action == .upd2)
        action = !forgetsOldLife ? .exception : action == .upd2 ? .del2 : .del1
        if !forgetsOldLife { keepOther = false }
        self.reason = reason
        self.detail = detail
    }
}

/// What one look, or several, did.
public struct LookCounts: Sendable, Equatable, Codable {
    public var looked = 0
    /// Ids carried to the other side: inserted, updated or deleted there.
    public var written = 0
    public var conflicts = 0
    public var exceptions = 0
    /// Ids left for a moment because somebody held their rows.
    public var postponed = 0

    public init() {}

    mutating func add(_ other: LookCounts) {
        looked += other.looked
        written += other.written
        conflicts += other.conflicts
        exceptions += other.exceptions
        postponed += other.postponed
    }
}
