import Cutover

/// A tenant's database, as far as the migration and the agents see it. A value: putting it back to an older state is an assignment.
struct Database: Sendable, Equatable {
    struct OldTable: Sendable, Equatable {
        /// By which it is known whatever it is called.
        var oid: Int
        var rows: [Int: OldRow]
        var refusesWrites = false
        /// Somebody's; ours are not counted, for nothing of ours looks into it once it is frozen.
        var reads = 0
        var writes = 0
        var counters: String { "\(reads)/\(writes)" }
    }

    /// A token that the host's ledger has as well.
    struct Tally: Sendable, Equatable {
        var n: Int
        var token: String
    }

    /// Whatever has the old table's name.
    var old: OldTable?
    /// Renamed out of the way, while its grace lasts.
    var held: OldTable?
    /// Nil where the plugin's schema is not there.
    var new: [Int: NewRow]?
    /// Schemas of plugins that were taken away.
    var aside: [[Int: NewRow]] = []
    /// What is ours.
    var own: OwnSchema?
    var tally: Tally?
}

struct OwnSchema: Sendable, Equatable {
    enum Mode: String, Sendable { case idle, sync, copy, stopped }
    enum Capture: Sendable { case absent, whole, disabled }

    struct Entry: Sendable, Equatable {
        let id: Int
        let side: Int
        let isDeath: Bool
    }
    struct Placed: Sendable, Equatable {
        enum State: Sendable { case live, gone, conflict }
        var state: State
        var shared: Shared?
    }
    struct Conflict: Sendable, Equatable {
        let n: Int
        let id: Int
        /// Kept because a forget overran it: it asks nothing of anybody.
        let isForget: Bool
        let old: OldRow?
        let new: NewRow?
        var isOpen: Bool
    }
    struct Exception: Sendable, Equatable {
        let side: Int
        let reason: String
    }
    struct Dropped: Sendable, Equatable {
        let oid: Int
        let digest: String
        let rows: Int
    }

    var fence: Int
    var mode = Mode.idle
    var copyDone = false
    var lastKey = -1
    var copied = 0
    var capture = Capture.absent
    /// Something was written past the capture since it was sealed.
    var isSealBroken = false
    var log: [Entry] = []
    var placed: [Int: Placed] = [:]
    var conflicts: [Conflict] = []
    /// The open ones.
    var exceptions: [Int: Exception] = [:]
    /// Rows of the plugin that the old table can't hold, set aside on a way back.
    var kept: [Int: NewRow] = [:]
    /// Of those, which v1 did not have: what it had and has no more, agents have forgotten.
    var keptAlone: Set<Int> = []
    /// As the plan's rules came, by reason.
    var rules: [String: String] = [:]
    var frozen: [Int: OldRow] = [:]
    var frozenTable: Int?
    var frozenDigest = ""
    var dropped: Dropped?

    var isInCharge: Bool { mode == .sync || mode == .copy }
}

/// What a statement of ours or of an agent's came back with. The transaction it stood in is rolled back.
struct Refused: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }

    /// With what clients say then: where they tried, and as whom.
    static func noAnswer(of tenant: TenantID) -> Refused { Refused("no connection to postgres://agents:\(SimulatedSecret.password(of: tenant))@127.0.0.1/\(tenant)") }
}

// MARK: - What agents write, through whatever server

extension Database {
    /// Nil forgets it.
    mutating func agentWritesOld(_ id: Int, _ row: OldRow?) throws(Refused) {
        guard var table = old else { throw Refused("the relation agent_memories does not exist") }
        old = nil
        defer { old = table }
        if table.refusesWrites { throw Refused("agent_memories is frozen") }
        table.rows[id] = row
        table.writes += 1
        note(id, side: 1, isDeath: row == nil)
    }

    mutating func agentWritesNew(_ id: Int, _ row: NewRow?) throws(Refused) {
        guard new != nil else { throw Refused("the schema memory_plugin does not exist") }
        new?[id] = row
        note(id, side: 2, isDeath: row == nil)
    }

    private mutating func note(_ id: Int, side: Int, isDeath: Bool) {
        switch own?.capture {
        case .whole: own?.log.append(.init(id: id, side: side, isDeath: isDeath))
        case .disabled: own?.isSealBroken = true
        case .absent, nil: break
        }
    }
}
