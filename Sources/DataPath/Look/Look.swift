import Foundation
import Postgres

/// Looks at ids within a transaction that its caller opened, and writes at most one side of each.
struct Look: Sendable {
    enum Failure: Sendable {
        /// Any error is thrown; the caller rolls back.
        case isThrown
        /// A row the other side refuses is put on the exceptions list. For one id at a time.
        case isListed
    }

    let sql: LookSQL
    /// False where every id is to be planned by itself. It comes to the same.
    var leavesPlainEdits = true
    var variant: LookVariant { sql.variant }

    /// - Parameter forced: what a person decided in place of the merge. `twinsPass`: a person has looked at the twins.
    init(layout: Layout, variant: LookVariant = .lawful, forced: LookAction? = nil, twinsPass: Bool = false) {
        sql = LookSQL(layout: layout, variant: variant, forced: forced, twinsPass: twinsPass)
    }

    /// Begins a look's transaction: the tables before the snapshot, since a TRUNCATE heeds no snapshot and would show an old one empty tables.
    ///
    /// `alone` waits for the end of every other look: what one of them is about to insert would not be found in a subtree that moved.
    static func begin(_ connection: PostgresConnection, _ layout: Layout) async throws {
        try await connection.execute(locks(layout))
        try await mark(connection, layout.settings)
    }

    /// What a look's transaction begins with.
    static func locks(_ layout: Layout, alone: Bool = false) -> String {
        """
        SET LOCAL lock_timeout = '\(alone ? 1000 : 150)ms'; LOCK TABLE \(layout.v1), \(layout.v2) IN ACCESS SHARE MODE;
        LOCK TABLE \(layout.schema).control IN \(alone ? "EXCLUSIVE" : "ROW SHARE") MODE
        """
    }

    /// Marks the transaction as ours. Under REPEATABLE READ its snapshot is taken here.
    static func mark(_ connection: PostgresConnection, _ settings: DataPathSettings) async throws {
        try await connection.prepared("SELECT \(mark(settings))")
    }

    /// An expression that does.
    static func mark(_ settings: DataPathSettings) -> String { "set_config('\(settings.schema).own', pg_current_xact_id()::text, true)" }

    /// Plans, locks, consumes, agrees, writes and reads back. Ids whose rows somebody holds are returned as busy and left alone.
    func look(
        at ids: [UUID], _ connection: PostgresConnection, failure: Failure = .isThrown
    ) async throws -> (counts: LookCounts, busy: Set<UUID>) {
        // Everything is judged before anything is written.
        let plain = failure == .isThrown ? await PlainEdits.of(self, connection) : nil
        let (edits, others) = try await plain?.find(ids, connection) ?? ([], ids)
        var (counts, busy) = others.isEmpty ? (LookCounts(), []) : try await lookOneByOne(at: others, connection, failure)
        for some in edits {
            let held = try await plain?.carry(some, connection) ?? []
            busy.formUnion(held)
            counts.looked += some.count - held.count
            counts.written += some.count - held.count
        }
        counts.postponed = busy.count
        return (counts, busy)
    }

    /// As `look`, of ids that are planned one by one.
    private func lookOneByOne(
        at ids: [UUID], _ connection: PostgresConnection, _ failure: Failure
    ) async throws -> (counts: LookCounts, busy: Set<UUID>) {
        var plan = try await plan(ids, connection)
        if variant == .digestCheckWithoutLock || variant == .readThenConsume { try await Task.sleep(for: .milliseconds(15)) }
        let busy = variant == .digestCheckWithoutLock ? [] : try await lockRows(of: plan, connection)
        plan.removeAll { busy.contains($0.id) }
        switch failure {
        case .isThrown:
            try await carryOut(plan, connection)
        case .isListed:
            try await carryOutOrList(&plan, connection)
        }
        var counts = LookCounts()
        counts.looked = plan.count
        counts.written = plan.count { ![.same, .conflict, .exception].contains($0.action) }
        counts.conflicts = plan.count { $0.action == .conflict }
        counts.exceptions = plan.count { $0.reason != nil && !$0.isProbe }
        return (counts, busy)
    }

    /// What would be done with the ids, from the transaction's snapshot.
    func plan(_ ids: [UUID], _ connection: PostgresConnection) async throws -> [PlannedID] {
        try await connection.bring(ids)
        if await connection.partner != nil, let twins = sql.projection.twinCandidates {
            try await connection.bring(try await connection.prepared(twins, [.uuids(ids)]).map { try $0.uuid("id") })
        }
        return try await connection.prepared(sql.plan, [.uuids(ids)]).map { try PlannedID($0) }
    }

    /// Carries out a plan in which somebody else chose the actions. Rows that somebody holds are left out; answers how many were not.
    func carryOut(forced plan: [PlannedID], _ connection: PostgresConnection) async throws -> Int {
        let busy = try await lockRows(of: plan, connection)
        let free = plan.filter { !busy.contains($0.id) }
        try await carryOut(free, connection)
        return free.count
    }

    // MARK: - Non public

    /// Locks only what will be overwritten or deleted, side 1 first; returns the ids that are held by others.
    private func lockRows(of plan: [PlannedID], _ connection: PostgresConnection) async throws -> Set<UUID> {
        var busy: Set<UUID> = []
        for (side, actions) in [(1, [LookAction.upd1, .del1]), (2, [.upd2, .del2])] {
            let ids = plan.filter { actions.contains($0.action) }.map(\.id)
            if ids.isEmpty { continue }
            if side == 2, let second = await connection.partner as? SecondDatabase {
                busy.formUnion(Set(ids).subtracting(try await second.lockRows(ids)))
                continue
            }
            let locked = try await connection.prepared(sql.lock(side), [.uuids(ids)])
            busy.formUnion(Set(ids).subtracting(try locked.map { try $0.uuid("id") }))
        }
        return busy
    }

    private func carryOutOrList(_ plan: inout [PlannedID], _ connection: PostgresConnection) async throws {
        try await connection.execute("SAVEPOINT carry")
        do {
            try await carryOut(plan, connection)
        } catch let error as PostgresError where !error.isCollision && !error.connectionLost {
            try await list(&plan, error.sqlState == "54000" ? "oversized-text" : "other", error.description, connection)
        } catch let error as DataPathError {
            try await list(&plan, "other", error.description, connection)
        }
    }

    private func list(
        _ plan: inout [PlannedID], _ reason: String, _ detail: String, _ connection: PostgresConnection
    ) async throws {
        try await connection.execute("ROLLBACK TO SAVEPOINT carry")
        for index in plan.indices { plan[index].except(reason, detail) }
        try await carryOut(plan, connection)
    }

    private func carryOut(_ plan: [PlannedID], _ connection: PostgresConnection) async throws {
        if plan.isEmpty { return }
        try await consume(plan, connection)
        // Before placed changes: a conflict's base is what was agreed until now.
        try await recordConflicts(plan, connection)
        try await recordExceptions(plan, connection)
        try await write(plan, connection)
        let readsBack = ![.noPlaced, .digestCheckWithoutLock, .readThenConsume].contains(variant)
        let agreed = plan.filter { readsBack && $0.isReadBack && $0.placed.state == "live" }
        try await agree(agreed, connection)
        let others = agreed.isEmpty ? plan : plan.filter { !($0.isReadBack && $0.placed.state == "live") }
        try await place(others, connection)
        if readsBack { try await requireGone(others.filter(\.isReadBack), connection) }
        // Last: nothing of the session is undone any more once it was shipped.
        try await (connection.partner as? SecondDatabase)?.ship(connection)
    }

    private func agree(_ plan: [PlannedID], _ connection: PostgresConnection) async throws {
        if plan.isEmpty { return }
        let same = try await connection.prepared(
            sql.agree, [.uuids(plan.map(\.id)), .texts(plan.map(\.came)), .ints(plan.map(\.insertedSide))]).affected
        guard same == plan.count else { throw DataPathError.readBackDiffers(ids: plan.count - same) }
    }

    private func consume(_ plan: [PlannedID], _ connection: PostgresConnection) async throws {
        if variant == .cursorBySequence { return }
        if variant == .digestCheckWithoutLock {
            let seqs = plan.compactMap(\.seqs).map { $0.dropFirst().dropLast() }.filter { !$0.isEmpty }.joined(separator: ",")
            try await connection.prepared("DELETE FROM \(sql.layout.schema).change_log WHERE seq = ANY ($1::bigint[])", [.text("{\(seqs)}")])
            return
        }
        try await connection.prepared("DELETE FROM \(sql.layout.schema).change_log WHERE id = ANY ($1::uuid[])", [.uuids(plan.map(\.id))])
    }

    private func place(_ plan: [PlannedID], _ connection: PostgresConnection) async throws {
        if plan.isEmpty || variant == .noPlaced { return }
        let placed = plan.map(\.placed)
        try await connection.prepared(
            sql.place,
            [
                .uuids(plan.map(\.id)), .texts(placed.map(\.state)), .texts(placed.map(\.digest)),
                .texts(placed.map(\.namespace)), .texts(plan.map(\.came)), .ints(plan.map(\.insertedSide)),
            ])
    }

    private func recordConflicts(_ plan: [PlannedID], _ connection: PostgresConnection) async throws {
        try await connection.prepared(
            "UPDATE \(sql.layout.schema).conflicts SET closed = now() WHERE closed IS NULL AND id = ANY ($1::uuid[]) AND \(sql.anyOpen("conflicts"))",
            [.uuids(plan.map(\.id))])
        let records = plan.filter { $0.action == .conflict || $0.keepOther }
        if records.isEmpty { return }
        try await connection.prepared(
            sql.record,
            [.uuids(records.map(\.id)), .texts(records.map { $0.action == .conflict ? "conflict" : "forget" }), .texts(records.map(\.a)), .texts(records.map(\.b))])
    }

    private func recordExceptions(_ plan: [PlannedID], _ connection: PostgresConnection) async throws {
        let listed = plan.filter(\.isListed)
        try await connection.prepared(
            "UPDATE \(sql.layout.schema).exceptions SET closed = now() WHERE closed IS NULL AND id = ANY ($1::uuid[]) AND id <> ALL ($2::uuid[]) AND \(sql.anyOpen("exceptions"))",
            [.uuids(plan.map(\.id)), .uuids(listed.map(\.id))])
        if listed.isEmpty { return }
        try await connection.prepared(
            """
            INSERT INTO \(sql.layout.schema).exceptions AS e (id, side, reason, detail, carried)
            SELECT u.id, u.side, u.reason, u.detail, u.carried
            FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::boolean[]) u(id, side, reason, detail, carried) ORDER BY u.id
            ON CONFLICT (id) WHERE closed IS NULL
            DO UPDATE SET side = excluded.side, reason = excluded.reason, detail = excluded.detail, carried = excluded.carried, at = now()
            """,
            [
                .uuids(listed.map(\.id)), .ints(listed.map(\.side)), .texts(listed.map { $0.reason ?? ExceptionRules.credential }),
                .texts(listed.map { $0.detail ?? $0.credential }), .texts(listed.map { $0.reason == nil ? "t" : "f" }),
            ])
    }

    private func write(_ plan: [PlannedID], _ connection: PostgresConnection) async throws {
        func ids(_ action: LookAction) -> [PlannedID] { plan.filter { $0.action == action } }
        // First what goes: it may hold the place of what comes.
        try await change(sql.delete(1), ids(.del1), [], connection)
        try await change(sql.delete(2), ids(.del2), [], connection)
        for (action, statement) in [(LookAction.ins1, sql.projection.insert1), (.upd1, sql.projection.update1)] {
            let some = ids(action)
            try await change(statement, some, [.texts(some.map(\.owner)), .texts(some.map(\.scope))], connection)
        }
        let toV2 = plan.filter { $0.action == .ins2 || $0.action == .upd2 }
        if !toV2.isEmpty {
            try await connection.prepared(sql.makeNamespaces, [.texts(toV2.map(\.target))])
        }
        for (action, statement) in [(LookAction.ins2, sql.projection.insert2), (.upd2, sql.projection.update2)] {
            let some = ids(action)
            try await change(statement, some, [.texts(some.map(\.target))], connection)
            if action == .ins2, !some.isEmpty {
                try await connection.prepared(sql.spendArchive, [.uuids(some.map(\.id))])
            }
        }
        let same = ids(.same).filter { $0.a != nil }
        if !same.isEmpty, let refresh = sql.projection.refresh2 { try await connection.prepared(refresh, [.uuids(same.map(\.id))]) }
    }

    private func change(
        _ statement: String, _ some: [PlannedID], _ more: [PostgresValue?], _ connection: PostgresConnection
    ) async throws {
        if some.isEmpty { return }
        let changed = try await connection.prepared(statement, [.uuids(some.map(\.id))] + more).affected
        let lenient = variant == .digestCheckWithoutLock || variant == .readThenConsume
        guard changed == some.count || lenient else {
            throw DataPathError.unexpectedCount(planned: some.count, changed: changed)
        }
    }

    private func requireGone(_ plan: [PlannedID], _ connection: PostgresConnection) async throws {
        if plan.isEmpty { return }
        let left = try await connection.prepared(sql.left, [.uuids(plan.map(\.id))])
        guard left.isEmpty else { throw DataPathError.readBackDiffers(ids: left.count) }
    }
}
