import Postgres

/// Transactions of a writer: short waits, marked as ours, under the fence.
struct LookTransactions: Sendable {
    let connection: PostgresConnection
    let settings: DataPathSettings
    let fence: Int64
    var isolation = Isolation.repeatableRead
    /// What the capture was when the looks began; with another one none is committed.
    var seal: CaptureSeal.Mark?

    /// Looks go by key, always: the tables grow while we write, and a plan made when they were empty must not be another one.
    /// The memory is for the words' index, which sorts what it has put off in as many passes as do not fit.
    static let byKey = """
        SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
        SET LOCAL enable_material = off; SET LOCAL jit = off; SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL work_mem = '64MB';
        """

    /// The order of commits holds whatever a loss of power takes: a look goes with the entries it consumed and the last key it noted, and is
    /// done again. So none waits for the disk where both stores are in one database.
    static let unwaited = "SET LOCAL synchronous_commit = off;"

    /// For what others go by once it is committed: waits for the disk, and so for all that was committed before.
    static func wait(_ connection: PostgresConnection) async throws {
        try await connection.execute("SET LOCAL synchronous_commit TO DEFAULT")
    }

    /// Throws `MarkerAppeared` where a marker is to be expanded first, or no more looks are asked for.
    /// - Parameter alone: while no other look is under way, and whatever markers there are.
    func run<Result: Sendable>(
        _ layout: Layout, alone: Bool = false, _ body: @Sendable (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        let own = alone ? "" : Self.byKey + (layout.settings.lane == .sql ? Self.unwaited : "")
        return try await connection.transaction(isolation, first: own + Look.locks(layout, alone: alone)) { connection in
            // Asked within: whoever has told us to stop since the step began may have taken away what this look would place again.
            let found = try await Control.enterLook(fence, connection, settings)
            if !found.looks || found.marked && !alone { throw MarkerAppeared() }
            let result = try await body(connection)
            // After the body: its statements hold the tables they read, so what stands under their names now is what they read.
            if let seal { try await seal.require(connection, settings) }
            return result
        }
    }

    static func isCollision(_ error: any Error) -> Bool {
        if error is MarkerAppeared { return true }
        return (error as? PostgresError)?.isCollision ?? false
    }

    /// The rows are to blame or their holders, not the connection and not a newer operation.
    static func isTroubleOfRows(_ error: any Error) -> Bool {
        if isCollision(error) { return true }
        switch error {
        case let error as PostgresError: return error.kind == .refused && !error.sqlState.hasPrefix("57")
        case DataPathError.readBackDiffers, DataPathError.unexpectedCount: return true
        default: return false
        }
    }
}

/// A marker became visible after the batch was picked and must be expanded first, or no more looks are asked for.
struct MarkerAppeared: Error {}
