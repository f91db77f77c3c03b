import Foundation
import Postgres

/// From the plugin's database into the session.
extension SecondDatabase {
    /// Shows the session these rows of v2 and takes over their entries. What is not there is not there.
    func bring(_ ids: some Collection<UUID>, _ near: PostgresConnection) async throws {
        guard state.isOpen else { throw DataPathError.refused("a row of the plugin's database was asked for outside a transaction") }
        let new = ids.filter { !state.brought.contains($0) }
        if new.isEmpty { return }
        state.brought.formUnion(new)
        if !state.isWhole {
            try await see()
            let some = "WHERE id = ANY ('\(PostgresValue.uuids(Array(new)).wireText)'::uuid[])"
            try await far.execute("SET LOCAL enable_seqscan = off")
            try await load("memory_records", columns, from: "\(records.sql) \(some)", near)
            if state.installed { try await takeOver(some, near) }
        }
        guard state.installed, !state.reads else { return }
        for row in try await near.prepared("SELECT id, seq FROM \(schema).change_log WHERE id = ANY ($1::uuid[])", [.uuids(Array(new))]) {
            state.seqs[try row.uuid("id"), default: []].append(try row.int("seq"))
        }
    }

    /// Shows the session all of v2, and takes over all entries and markers.
    func bringEverything(_ near: PostgresConnection) async throws {
        guard state.isOpen else { throw DataPathError.refused("the plugin's database was asked for outside a transaction") }
        if state.isWhole { return }
        try await see()
        try await near.execute("DELETE FROM pg_temp.memory_records")
        try await far.execute("SET LOCAL enable_seqscan = on")
        try await load("memory_records", columns, from: records.sql, near)
        let settings = "name, kind, expires_at, metadata, created_at"
        try await load("memory_namespaces", settings, from: namespaces.sql, near)
        if state.installed {
            try await load("kinds", "id, kind", from: "\(schema).kinds", near)
            try await takeOver("", near)
            try await takeOverMarkers(near)
        }
        state.isWhole = true
    }

    /// Locks v2 against every writer, before anything of it is seen.
    func lockAgainstWriters(_ seconds: Double) async throws {
        try await far.execute("SET LOCAL lock_timeout = \(Int(seconds * 1000)); LOCK TABLE \(records.sql) IN EXCLUSIVE MODE")
    }

    /// A few of the entries and all markers that wait in the plugin's database, in a transaction of their own, and takes out there what
    /// was taken over before. Answers whether there was anything.
    func relay(_ near: PostgresConnection, atMost rows: Int) async throws -> Bool {
        let waiting = try await far.query(
            "SELECT EXISTS (SELECT FROM \(schema).change_log) OR EXISTS (SELECT FROM \(schema).marker) AS some")[0].bool("some")
        guard waiting else { return false }
        try await near.transaction(.repeatableRead) { near in
            let mine = try await near.query("SELECT what, n FROM \(schema).relayed")
            let entries = try mine.filter { try $0.string("what") == "entry" }.map { try $0.int("n") }
            let markers = try mine.filter { try $0.string("what") == "marker" }.map { try $0.int("n") }
            try await self.see()
            // First what is not there any more: what is taken out now may yet turn out not to be.
            try await self.forgetRelayed("entry", "change_log", "seq", entries, near)
            try await self.forgetRelayed("marker", "marker", "n", markers, near)
            try await self.takeOver("WHERE seq <> ALL ('\(PostgresValue.ints(entries).wireText)'::bigint[]) ORDER BY seq LIMIT \(rows)", near)
            try await self.takeOverMarkers(near)
        }
        return true
    }

    /// Of the ids, those whose rows nobody else holds.
    func lockRows(_ ids: [UUID]) async throws -> [UUID] {
        try await far.query("SELECT id FROM \(records.sql) WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE SKIP LOCKED", [.uuids(ids)]).map { try $0.uuid("id") }
    }

    // MARK: - Non public

    /// A TRUNCATE heeds no snapshot: the table first.
    private func see() async throws {
        if state.sawFar { return }
        state.sawFar = true
        try await far.execute("LOCK TABLE \(records.sql) IN ACCESS SHARE MODE")
    }

    private func load(_ table: String, _ columns: String, from source: String, _ near: PostgresConnection) async throws {
        try await near.query("SELECT set_config('\(schema).loading', 'on', true)")
        try await near.copyIn(
            "COPY pg_temp.\(table) (\(columns)) FROM STDIN (FORMAT binary)", from: far, "COPY (SELECT \(columns) FROM \(source)) TO STDOUT (FORMAT binary)")
        try await near.query("SELECT set_config('\(schema).loading', 'off', true)")
    }

    /// An entry keeps the plugin's number, negative: what it says about deaths is said in the plugin's order.
    private func takeOver(_ which: String, _ near: PostgresConnection) async throws {
        try await load(
            "change_log", "seq, id, side, del, xid, at, role", from: "(SELECT * FROM \(schema).change_log \(which)) x", near)
        if state.reads {
            try await near.execute("DELETE FROM pg_temp.change_log c USING \(schema).relayed r WHERE r.what = 'entry' AND r.n = c.seq")
            return
        }
        try await near.execute(
            """
            WITH new AS (INSERT INTO \(schema).relayed (what, n) SELECT 'entry', seq FROM pg_temp.change_log ON CONFLICT DO NOTHING RETURNING n)
            INSERT INTO \(schema).change_log (seq, id, side, del, xid, at, role) OVERRIDING SYSTEM VALUE
            SELECT -c.seq, c.id, c.side, c.del, c.xid, c.at, c.role FROM pg_temp.change_log c JOIN new ON new.n = c.seq;
            DELETE FROM pg_temp.change_log
            """)
    }

    private func takeOverMarkers(_ near: PostgresConnection) async throws {
        try await load("marker", "n, what, arg, side, at, xid, role", from: "\(schema).marker", near)
        if state.reads {
            return try await near.execute("DELETE FROM pg_temp.marker m USING \(schema).relayed r WHERE r.what = 'marker' AND r.n = m.n")
        }
        try await near.execute(
            """
            WITH new AS (INSERT INTO \(schema).relayed (what, n) SELECT 'marker', n FROM pg_temp.marker ON CONFLICT DO NOTHING RETURNING n)
            INSERT INTO \(schema).marker (what, arg, side, at, xid, role) SELECT m.what, m.arg, m.side, m.at, m.xid, m.role FROM pg_temp.marker m JOIN new ON new.n = m.n;
            DELETE FROM pg_temp.marker
            """)
    }

    private func forgetRelayed(_ what: String, _ table: String, _ key: String, _ numbers: [Int], _ near: PostgresConnection) async throws {
        if numbers.isEmpty { return }
        let there = try await far.query("DELETE FROM \(schema).\(table) WHERE \(key) = ANY ($1::bigint[]) RETURNING \(key) AS n", [.ints(numbers)]).map { try $0.int("n") }
        if !there.isEmpty { state.writesFar = true }
        let gone = Set(numbers).subtracting(there)
        try await near.query("DELETE FROM \(schema).relayed WHERE what = $1 AND n = ANY ($2::bigint[])", [.text(what), .ints(Array(gone))])
    }
}

extension PostgresConnection {
    /// Where the session is joined with the plugin's database, shows it these rows of v2. To be asked within a transaction.
    nonisolated(nonsending) func bring(_ ids: [UUID]) async throws {
        if let second = await partner as? SecondDatabase { try await second.bring(ids, self) }
    }

    /// As `bring`, all of v2.
    nonisolated(nonsending) func bringEverything() async throws {
        if let second = await partner as? SecondDatabase { try await second.bringEverything(self) }
    }

    /// Runs `body` where both stores are seen whole, in one transaction if two databases are needed for that.
    nonisolated(nonsending) func seeingBoth<Value: Sendable>(readOnly: Bool = false, _ body: (PostgresConnection) async throws -> Value) async throws -> Value {
        guard await partner is SecondDatabase else { return try await body(self) }
        if await inTransaction {
            try await bringEverything()
            return try await body(self)
        }
        return try await transaction(.repeatableRead, readOnly: readOnly) { connection in
            try await connection.bringEverything()
            return try await body(connection)
        }
    }
}
