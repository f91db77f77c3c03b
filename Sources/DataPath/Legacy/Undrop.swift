public import Postgres

extension Drop {
    public struct Return: Sendable, Equatable, Codable {
        public enum Source: String, Sendable, Codable { case nothingToDo, hold, archive }
        public let source: Source
        /// Where a table was moved that had taken v1's name; nil when there was none.
        public let impostorMovedTo: TableName?
        /// Ids queued for a look, once v1 is thawed.
        public let queued: Int
    }

    /// Brings the table back under its name, frozen and captured, and queues every id either store or our records know.
    ///
    /// The looks after `Freeze.unfreeze` then carry to v1 what happened in v2 meanwhile, forgets included. `archive` is needed
    /// only when the hold is gone too. Running it again completes what was left undone.
    public func undrop(
        _ connection: PostgresConnection, archive: (place: any ArchivePlace, opener: ArchiveOpener)? = nil, lockTimeoutSeconds: Double = 2,
        told: @escaping Archive.Told = { _ in }
    ) async throws -> Return {
        var impostor: TableName?
        var source = Return.Source.nothingToDo
        if let held = try await holdTable(connection) {
            impostor = try await connection.transaction { connection in
                try await connection.execute("SET LOCAL lock_timeout = \(Int(lockTimeoutSeconds * 1000))")
                let moved = try await moveImpostor(connection)
                try await connection.execute(
                    """
                    ALTER TABLE \(held.table.sql) RENAME TO \(quoted(settings.v1Memories.name));
                    DELETE FROM \(settings.schema).remembered WHERE what = 'hold'
                    """)
                return moved
            }
            source = .hold
        } else if try await !isFrozenTableInPlace(connection) {
            guard let archive else {
                throw DataPathError.refused("the table and its hold are gone: an archive is needed")
            }
            _ = try await Archive(settings).check(archive.place, with: archive.opener)
            impostor = try await connection.transaction { try await moveImpostor($0) }
            _ = try await Archive(settings).restore(connection, from: archive.place, with: archive.opener, told: told)
            source = .archive
        }
        try await underLockTimeout(
            connection, "\(settings.v1Memories)", lockTimeoutSeconds, 10,
            FreezeSQL(settings).function + FreezeSQL(settings).install(on: settings.v1Memories))
        try await Capture(settings).install(connection)
        let queued = try await queueEverything(connection)
        return Return(source: source, impostorMovedTo: impostor, queued: queued)
    }

    // MARK: - Non public

    private func isFrozenTableInPlace(_ connection: PostgresConnection) async throws -> Bool {
        try await connection.query(
            """
            SELECT EXISTS (SELECT FROM \(settings.schema).remembered
                WHERE what = 'frozen_table' AND (value->>0)::oid = to_regclass($1)::oid) AS there
            """, [.text(settings.v1Memories.sql)])[0].bool("there")
    }

    /// A table somebody made under v1's name, by a platform migration for example, is kept under another.
    private func moveImpostor(_ connection: PostgresConnection) async throws -> TableName? {
        let there = try await connection.query(
            "SELECT to_regclass($1)::oid::text AS oid", [.text(settings.v1Memories.sql)])[0].optionalString("oid")
        guard let oid = there else { return nil }
        let moved = TableName(settings.v1Memories.schema, "_cutover_impostor_\(oid)")
        try await connection.execute("ALTER TABLE \(settings.v1Memories.sql) RENAME TO \(quoted(moved.name))")
        // Index names are the schema's, and the archive's DDL brings its own.
        let indexes = try await connection.query(
            "SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1::text::oid",
            [.text(oid)])
        for (position, index) in indexes.enumerated() {
            let name = TableName(moved.schema, try index.string("name"))
            let aside = "_cutover_impostor_\(oid)_\(position)"
            try await connection.execute("ALTER INDEX \(name.sql) RENAME TO \(quoted(aside))")
        }
        // So are the names of its sequences.
        let sequences = try await connection.query(
            """
            SELECT s.relname AS name, n.nspname AS schema FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
            JOIN pg_namespace n ON n.oid = s.relnamespace
            WHERE d.classid = 'pg_class'::regclass AND d.refobjid = $1::text::oid AND d.deptype IN ('a', 'i')
            """, [.text(oid)])
        for (position, sequence) in sequences.enumerated() {
            let name = TableName(try sequence.string("schema"), try sequence.string("name"))
            let aside = "_cutover_impostor_\(oid)_s\(position)"
            try await connection.execute("ALTER SEQUENCE \(name.sql) RENAME TO \(quoted(aside))")
        }
        return moved
    }

    private func queueEverything(_ connection: PostgresConnection) async throws -> Int {
        let layout = try await Layout.complete(connection, settings)
        let isHere = try await settings.asRecorded(connection).lane == .sql
        return try await connection.transaction { connection in
            try await connection.bringEverything()
            let queued = try await LookAgain.queueEverything(connection, layout)
            // Nobody noted kinds while there was no capture.
            try await connection.execute("DELETE FROM \(settings.schema).dropped;" + (isHere ? CaptureSQL.adoptKinds(settings) : ""))
            if let second = await connection.partner as? SecondDatabase { try await second.far.execute(CaptureSQL.adoptKinds(second.settings)) }
            return queued
        }
    }
}
