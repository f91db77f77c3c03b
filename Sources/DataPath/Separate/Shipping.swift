import CrashPoints
import Crypto
import Foundation
import Postgres

/// From the session into the plugin's database, and the receipt of it.
extension SecondDatabase {
    /// Writes to v2 what the session changed in its own picture of it since the last time, and reads it back to the byte.
    ///
    /// All of it or nothing. Throws what collides with an agent as the plugin's database says it, and `.readBackDiffers`.
    func ship(_ near: PostgresConnection) async throws {
        let touched = try await near.query(
            """
            SELECT t.id, r.id IS NOT NULL AS here FROM (SELECT DISTINCT id FROM pg_temp.touched) t LEFT JOIN pg_temp.memory_records r ON r.id = t.id
            """)
        if touched.isEmpty { return }
        guard state.installed, !state.reads else { throw DataPathError.notInstalled("change capture in the plugin's database") }
        try await far.execute("SAVEPOINT ship")
        do {
            let inserted = try await write(touched, near)
            try await readBack(touched, near)
            for row in touched { state.shipped[try row.uuid("id")] = inserted.contains(try row.uuid("id")) }
            try await near.execute("DELETE FROM pg_temp.touched")
            try await numberBirths(inserted, near)
            state.writesFar = true
            try await far.execute("RELEASE SAVEPOINT ship")
        } catch {
            try? await far.execute("ROLLBACK TO SAVEPOINT ship; RELEASE SAVEPOINT ship")
            throw error
        }
    }

    /// What the session's transaction agreed on about the rows that were shipped, and what it kept, in the plugin's transaction.
    func writeReceipt(_ near: PostgresConnection) async throws {
        let ids = Array(state.shipped.keys)
        let placed = try await near.query(
            """
            SELECT i.id, p.state, p.digest::text AS digest, p.namespace, p.came::text AS came, p.side::text AS side, p.since::text AS since
            FROM unnest($1::uuid[]) i(id) LEFT JOIN \(schema).placed p ON p.id = i.id
            """, [.uuids(ids)])
        let order = try placed.map { try $0.uuid("id") }
        func texts(_ name: String) throws -> PostgresValue { .texts(try placed.map { try $0.optionalString(name) }) }
        try await far.execute("DELETE FROM \(schema).landed; DELETE FROM \(schema).landed_kept")
        try await far.query(
            """
            INSERT INTO \(schema).landed (id, state, digest, namespace, came, side, since, inserted, seqs)
            SELECT u.id, u.state, u.digest::bytea, u.namespace, u.came::timestamptz, u.side::smallint, u.since::bigint, u.inserted::boolean,
                string_to_array(u.seqs, ' ')::bigint[]
            FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
                u(id, state, digest, namespace, came, side, since, inserted, seqs)
            """,
            [
                .uuids(order), try texts("state"), try texts("digest"), try texts("namespace"), try texts("came"), try texts("side"), try texts("since"),
                .texts(order.map { state.shipped[$0] == true ? "t" : "f" }),
                .texts(order.map { (state.seqs[$0] ?? []).map(String.init).joined(separator: " ") }),
            ])
        let kept = try await near.query(
            """
            SELECT 'conflicts' AS what, to_jsonb(c)::text AS row FROM \(schema).conflicts c WHERE n > $1
            UNION ALL SELECT 'v2_archive', to_jsonb(a)::text FROM \(schema).v2_archive a WHERE n > $2
            """, [.int(state.conflicts), .int(state.kept)])
        if !kept.isEmpty {
            try await far.query(
                "INSERT INTO \(schema).landed_kept (what, row) SELECT what, row::jsonb FROM unnest($1::text[], $2::text[]) u(what, row)",
                [.texts(try kept.map { try $0.string("what") }), .texts(try kept.map { try $0.string("row") })])
        }
        // The entries of what was written are spent with it, whatever becomes of the session's transaction.
        try await far.query("DELETE FROM \(schema).change_log WHERE id = ANY ($1::uuid[])", [.uuids(ids)])
        for session in [far, near] { try await session.query("UPDATE \(schema).pair SET shipments = $1", [.int(state.shipments + 1)]) }
    }

    /// Where the last shipment landed and the transaction it belonged to was lost, does what that one would have done; and notes where
    /// this transaction begins.
    ///
    /// Throws `.refused` when one of the databases is not as we left it: it was put back from a backup, or lost what it had committed.
    func makeUp(_ near: PostgresConnection) async throws {
        let here = try await near.query(
            """
            SELECT (SELECT shipments FROM \(schema).pair) AS shipments, coalesce((SELECT max(n) FROM \(schema).conflicts), 0) AS conflicts,
                coalesce((SELECT max(n) FROM \(schema).v2_archive), 0) AS kept
            """)[0]
        (state.shipments, state.conflicts, state.kept) = (try here.int("shipments"), try here.int("conflicts"), try here.int("kept"))
        let there = try await far.query("SELECT shipments FROM \(schema).pair")[0].int("shipments")
        if there == state.shipments { return }
        guard there == state.shipments + 1 else {
            throw DataPathError.refused(
                "the plugin's database knows of \(there) shipments and the tenant's of \(state.shipments): one of them was put back to an earlier state, and what differs must be compared")
        }
        try await absorb(near)
        try await makeUp(near)
    }

    // MARK: - Non public

    /// Answers the ids that are new in v2.
    private func write(_ touched: PostgresRows, _ near: PostgresConnection) async throws -> Set<UUID> {
        let gone = try touched.filter { try !$0.bool("here") }.map { try $0.uuid("id") }
        let here = touched.count - gone.count
        try await far.query("SELECT set_config('\(schema).own', pg_current_xact_id()::text, true)")
        if !gone.isEmpty { try await far.query("DELETE FROM \(records.sql) WHERE id = ANY ($1::uuid[])", [.uuids(gone)]) }
        if here == 0 { return [] }
        let names = try await near.query(
            """
            SELECT name, kind, expires_at::text AS expires, metadata::text AS metadata FROM pg_temp.memory_namespaces
            WHERE name IN (SELECT namespace FROM pg_temp.memory_records WHERE id IN (SELECT id FROM pg_temp.touched))
            """)
        func texts(_ name: String) throws -> PostgresValue { .texts(try names.map { try $0.optionalString(name) }) }
        try await far.query(
            """
            INSERT INTO \(namespaces.sql) (name, kind, expires_at, metadata)
            SELECT u.name, u.kind, u.expires::timestamptz, u.metadata::jsonb FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) u(name, kind, expires, metadata)
            ORDER BY u.name ON CONFLICT (name) DO NOTHING
            """, [try texts("name"), try texts("kind"), try texts("expires"), try texts("metadata")])
        try await far.execute("DELETE FROM pg_temp.arrived; SET LOCAL enable_seqscan = off")
        try await far.copyIn(
            "COPY pg_temp.arrived (\(columns)) FROM STDIN (FORMAT binary)", from: near,
            "COPY (SELECT \(columns) FROM pg_temp.memory_records WHERE id IN (SELECT id FROM pg_temp.touched)) TO STDOUT (FORMAT binary)")
        let updated = try await far.query("UPDATE \(records.sql) r SET (\(columns)) = (SELECT \(columns) FROM pg_temp.arrived a WHERE a.id = r.id) WHERE r.id IN (SELECT id FROM pg_temp.arrived) RETURNING r.id")
            .map { try $0.uuid("id") }
        // An id that somebody else inserted since our snapshot is not in it, and is in the way.
        let inserted = try await far.query(
            "INSERT INTO \(records.sql) (\(columns)) SELECT \(columns) FROM pg_temp.arrived WHERE id <> ALL ($1::uuid[]) ORDER BY id RETURNING id", [.uuids(updated)]
        ).map { try $0.uuid("id") }
        guard updated.count + inserted.count == here else { throw DataPathError.unexpectedCount(planned: here, changed: updated.count + inserted.count) }
        let kinds = try await near.query("SELECT id, kind FROM pg_temp.kinds WHERE id IN (SELECT id FROM pg_temp.touched)")
        if !kinds.isEmpty {
            try await far.query(
                "INSERT INTO \(schema).kinds (id, kind) SELECT * FROM unnest($1::uuid[], $2::text[]) ON CONFLICT (id) DO UPDATE SET kind = excluded.kind",
                [.uuids(try kinds.map { try $0.uuid("id") }), .texts(try kinds.map { try $0.string("kind") })])
        }
        return Set(inserted)
    }

    /// Both sides send the same bytes for the same rows.
    private func readBack(_ touched: PostgresRows, _ near: PostgresConnection) async throws {
        let ids = "'\(PostgresValue.uuids(try touched.map { try $0.uuid("id") }).wireText)'::uuid[]"
        func sum(_ session: PostgresConnection, _ table: String) async throws -> [UInt8] {
            var hash = SHA256()
            try await session.copyOut("COPY (SELECT \(columns) FROM \(table) WHERE id = ANY (\(ids)) ORDER BY id) TO STDOUT (FORMAT binary)") { hash.update(data: $0) }
            return Array(hash.finalize())
        }
        guard try await sum(near, "pg_temp.memory_records") == sum(far, records.sql) else { throw DataPathError.readBackDiffers(ids: touched.count) }
    }

    /// From the plugin's own number drawn here on, a death in v2 is the death of what we inserted there.
    private func numberBirths(_ inserted: Set<UUID>, _ near: PostgresConnection) async throws {
        if inserted.isEmpty { return }
        let now = try await far.query("SELECT nextval(pg_get_serial_sequence('\(schema).change_log', 'seq')) AS now")[0].int("now")
        try await near.query("UPDATE \(schema).placed SET since = $1 WHERE id = ANY ($2::uuid[]) AND side = 2", [.int(now), .uuids(Array(inserted))])
    }

    /// Idempotent, and one transaction: what it does, the lost one would have done. Every row of it is looked at once more.
    private func absorb(_ near: PostgresConnection) async throws {
        let landed = try await far.query("SELECT to_jsonb(l)::text AS row FROM \(schema).landed l").map { try $0.string("row") }
        let kept = try await far.query("SELECT what, row::text AS row FROM \(schema).landed_kept")
        try await near.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        do {
            let rows: [PostgresValue?] = [.texts(landed)]
            let l = "(SELECT x.* FROM unnest($1::jsonb[]) j, jsonb_to_record(j) AS x(id uuid, state text, digest bytea, namespace text, came timestamptz, side smallint, since bigint, inserted boolean, seqs bigint[]))"
            try await near.query("DELETE FROM \(schema).placed WHERE id IN (SELECT id FROM \(l) l WHERE state IS NULL)", rows)
            try await near.query(
                """
                INSERT INTO \(schema).placed AS p (id, state, digest, namespace, came, looks, side, since)
                SELECT id, state, digest, namespace, came, 1, side, since FROM \(l) l WHERE state IS NOT NULL
                ON CONFLICT (id) DO UPDATE SET state = excluded.state, digest = excluded.digest, namespace = excluded.namespace, came = excluded.came,
                    looks = p.looks + 1, side = excluded.side, since = excluded.since
                """, rows)
            try await near.query("DELETE FROM \(schema).change_log WHERE seq IN (SELECT unnest(seqs) FROM \(l) l)", rows)
            try await near.query("UPDATE \(schema).v2_archive SET restored = now() WHERE restored IS NULL AND id IN (SELECT id FROM \(l) l WHERE inserted)", rows)
            for table in ["conflicts", "v2_archive"] {
                let whole = try kept.filter { try $0.string("what") == table }.map { try $0.string("row") }
                try await near.query(
                    "INSERT INTO \(schema).\(table) OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(NULL::\(schema).\(table), j)).* FROM unnest($1::jsonb[]) j ON CONFLICT (n) DO NOTHING",
                    [.texts(whole)])
            }
            try await near.query("INSERT INTO \(schema).change_log (id, side, del) SELECT id, 1, false FROM \(l) l WHERE state IS NOT NULL", rows)
            try await near.query("UPDATE \(schema).pair SET shipments = shipments + 1")
            CrashPoint.reached("making-up commit begun")
            try await near.execute("COMMIT")
            CrashPoint.reached("making-up commit done")
        } catch {
            try? await near.execute("ROLLBACK")
            throw error
        }
    }
}
