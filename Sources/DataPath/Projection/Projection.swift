/// What the data path has to know of the table that is moved: which rows of v2 belong to it, what both stores hold of a row, and how
/// each spells it. Looks, barrier, parity, freeze, archive and drop are the same for every projection.
///
/// Everything answers SQL. Aliases: `m` a row of v1 and `w` its workspace, `r` a row of v2; in a look `j` is a judged id and `o` what
/// `reverse` made of its namespace.
protocol Projection: Sendable {
    var layout: Layout { get }

    // MARK: Rows

    /// The namespace of a v1 row; NULL when it has none.
    func target(_ row: String, _ workspace: String) -> String
    /// Columns of v1 that the namespace depends on, beside the workspace's.
    var placing: [String] { get }
    /// The digest of everything both stores hold of a row; NULL when the row is absent from an outer join.
    func digest1(_ row: String, _ workspace: String) -> String
    func digest2(_ row: String) -> String
    /// What the digests hold, by name and in one order, each side as an expression of the same built-in type.
    func fields(_ row1: String, _ workspace: String, _ row2: String) -> [ProjectedField]
    /// Written by our own trials: left out of parity, freeze and way back.
    func isProbe1(_ row: String) -> String
    func isProbe2(_ row: String) -> String
    /// Of v2's rows, those that belong to this projection.
    func isOurs(_ row: String) -> String
    /// As `isOurs`, for the record of a trigger, which may be of a row that ceases to be ours.
    func concernsUs(_ record: String) -> String
    /// A v2 row of ours holds something that v1 has no place for.
    func exceedsV1(_ row: String) -> String

    // MARK: Functions of our schema

    var functions: String { get }

    // MARK: Looks

    /// Columns that `reason` and the writes want of `m` and `r`; `scope` among them.
    var lookColumns: String { get }
    /// Called with `j`; answers `workspace_id` and `scope`, NULL where v1 has no place for the row.
    var reverse: String { get }
    /// Why an id cannot be carried, or NULL.
    var reason: String { get }
    /// One row of the plan's `rule` and the `kind` of credential that the carried text looks like, or NULL.
    var credential: String { get }
    /// The id of a row that seems to be the same memory, come by the other door at the same moment; no row where there is none.
    var twin: String { get }
    /// Ids of rows of v2 that `twin` may have to read; `$1` ids. Nil where there are no twins.
    var twinCandidates: String? { get }
    /// When an agent made the row, if a twin of it may come by the other door; NULL otherwise.
    var came: String { get }
    /// False for a v2 row that a look must not delete, though its id is ours.
    var mayDelete2: String { get }
    /// `$1` ids, `$2` owners or namespaces, `$3` scopes.
    var insert1: String { get }
    var update1: String { get }
    var insert2: String { get }
    var update2: String { get }
    /// Of ids that both sides hold alike: brings up to date what v2 holds of v1 beside that. `$1` ids. Nil where there is nothing of the kind.
    var refresh2: String? { get }

    // MARK: Rows that are not planned one by one

    /// True of a v1 row with a target for which `reason` and `credential` have nothing to say.
    func asksNothing(_ row: String) -> String
    /// Nil where edits are all planned one by one.
    var plainEdits: PlainEditSQL? { get }
    /// True where both sides hold the same of a row: as equal digests, without making them.
    func holdTheSame(_ row1: String, _ workspace: String, _ row2: String) -> String
    /// Inserts into v2 the rows `m` with workspaces `w` of which this is true, and of which nothing was set aside.
    func insertFresh(where isFresh: String) -> String
}

extension Projection {
    func holdTheSame(_ row1: String, _ workspace: String, _ row2: String) -> String {
        "\(digest1(row1, workspace)) = \(digest2(row2))"
    }
    var refresh2: String? { nil }
    var twinCandidates: String? { nil }
    var plainEdits: PlainEditSQL? { nil }
}

/// Of rows that both stores hold in one and the same namespace.
struct PlainEditSQL: Sendable {
    /// True of a v2 row `r` for which `reason` and `credential` have nothing to say; `asksNothing` is the same of a v1 row.
    let asksNothing2: String
    /// As `update1` and `update2`. `$1` ids.
    let write1: String
    let write2: String
}

/// One of the things both stores hold of a row.
struct ProjectedField: Sendable {
    let name: String
    let one: String
    let two: String
}

extension DataPathSettings.Holding {
    /// The functions of a projection, with their argument types.
    var functionNames: [String] {
        switch self {
        case .memories: MappingSQL.names
        case .keyValues: KeyValueSQL.names
        }
    }
}

extension Layout {
    var projection: any Projection {
        switch settings.holding {
        case .memories: MemoryProjection(layout: self)
        case .keyValues: KeyValueProjection(layout: self)
        }
    }

    func target(_ row: String, _ workspace: String) -> String { projection.target(row, workspace) }
    func digest1(_ row: String, _ workspace: String) -> String { projection.digest1(row, workspace) }
    func digest2(_ row: String) -> String { projection.digest2(row) }
    /// The rows of v2 that count: ours, and not of a trial.
    func ours2(_ row: String) -> String { "(\(projection.isOurs(row)) AND NOT \(projection.isProbe2(row)))" }
}
