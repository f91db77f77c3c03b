public import Postgres

/// Which tables and triggers the capture was put on, to the row of the catalogue: whoever replaces a table, or switches a trigger
/// off and on again, leaves another seal behind.
///
/// A look takes an absent row for a forgotten one. It may do so only where every deletion was captured: with another seal no look is made.
public struct CaptureSeal: Sendable, Codable, Equatable {
    public struct Table: Sendable, Codable, Equatable {
        public let name: String
        public let oid: String
        /// Name, type and nullability of each column.
        public let columns: [String]
        /// Name, way of being enabled, and the transaction that last changed it.
        public let triggers: [String]
    }
    public let tables: [Table]

    /// Reads the catalogue only.
    public static func read(_ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings()) async throws -> CaptureSeal {
        let names = settings.sealed
        let rows = try await connection.query(
            """
            SELECT w.name, coalesce(c.oid::text, '') AS oid,
                coalesce((SELECT string_agg(format('%s %s%s', a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' not null' END), E'\\n' ORDER BY a.attnum)
                    FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '') AS columns,
                coalesce((SELECT string_agg(format('%s %s %s', t.tgname, t.tgenabled, t.xmin), E'\\n' ORDER BY t.tgname)
                    FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace f ON f.oid = p.pronamespace
                    WHERE t.tgrelid = c.oid AND f.nspname = '\(settings.schema)' AND p.proname LIKE 'capture%'), '') AS triggers
            FROM unnest($1::text[]) WITH ORDINALITY w(name, n) LEFT JOIN pg_class c ON c.oid = to_regclass(w.name)::oid ORDER BY w.n
            """, [.texts(names.map(\.sql))])
        func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }
        return CaptureSeal(
            tables: try zip(names, rows.map { $0 }).map { name, row in
                Table(name: name.description, oid: try row.string("oid"), columns: lines(try row.string("columns")), triggers: lines(try row.string("triggers")))
            })
    }

    /// The seal under which the capture was installed. Nil where it was installed before there were seals, or not at all.
    public static func remembered(_ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings()) async throws -> CaptureSeal? {
        guard try await connection.query("SELECT to_regclass('\(settings.schema).remembered') IS NOT NULL AS there")[0].bool("there") else { return nil }
        let rows = try await connection.query(
            """
            SELECT t->>'name' AS name, t->>'oid' AS oid, array_to_string(ARRAY(SELECT jsonb_array_elements_text(t->'columns')), E'\\n') AS columns,
                array_to_string(ARRAY(SELECT jsonb_array_elements_text(t->'triggers')), E'\\n') AS triggers
            FROM \(settings.schema).remembered, jsonb_array_elements(value) WITH ORDINALITY x(t, n) WHERE what = 'capture_seal' ORDER BY n
            """)
        guard !rows.isEmpty else { return nil }
        func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }
        return CaptureSeal(
            tables: try rows.map { row in
                Table(name: try row.string("name"), oid: try row.string("oid"), columns: lines(try row.string("columns")), triggers: lines(try row.string("triggers")))
            })
    }

    /// What is no longer as it was sealed, as people read it; empty while the seal holds.
    public func broken(since sealed: CaptureSeal) -> [String] {
        zip(sealed.tables, tables).flatMap { before, now -> [String] in
            if now.oid.isEmpty, !before.oid.isEmpty { return ["\(before.name) is gone"] }
            if now.oid != before.oid { return ["\(before.name) is another table than the one the capture was put on"] }
            var what: [String] = []
            if now.columns != before.columns {
                let (added, gone) = (now.columns.filter { !before.columns.contains($0) }, before.columns.filter { !now.columns.contains($0) })
                what.append("\(before.name) has other columns: \((added.map { "+\($0)" } + gone.map { "-\($0)" }).joined(separator: ", "))")
            }
            func named(_ triggers: [String]) -> [Substring: String] { Dictionary(triggers.map { ($0.prefix { $0 != " " }, $0) }) { first, _ in first } }
            let found = named(now.triggers)
            for (name, was) in named(before.triggers).sorted(by: { $0.key < $1.key }) where found[name] != was {
                guard let present = found[name] else {
                    what.append("trigger \(name) on \(before.name) is gone")
                    continue
                }
                let always = present.split(separator: " ").dropFirst().first == "A"
                what.append("trigger \(name) on \(before.name) \(always ? "was off or replaced for a while" : "is not enabled always")")
            }
            return what
        }
    }

    /// Tables and triggers alone: new columns stop no look.
    func isWhole(since sealed: CaptureSeal) -> Bool {
        zip(sealed.tables, tables).allSatisfy { $0.oid == $1.oid && $0.triggers == $1.triggers }
    }

    /// What a transaction compares to know that the seal still holds.
    struct Mark: Sendable, Equatable {
        let text: String

        func holds(_ connection: PostgresConnection, _ settings: DataPathSettings) async throws -> Bool {
            try await CaptureSeal.marked(connection, settings) == text
        }

        /// Throws `.captureBroken`.
        func require(_ connection: PostgresConnection, _ settings: DataPathSettings) async throws {
            if try await holds(connection, settings) { return }
            let now = try await CaptureSeal.read(connection, settings)
            let broken = try await CaptureSeal.remembered(connection, settings).map { now.broken(since: $0) } ?? []
            throw DataPathError.captureBroken(broken.isEmpty ? ["it was put in place anew"] : broken)
        }
    }

    // MARK: - Non public

    /// Throws `.captureBroken` where the seal does not hold; nil where there is none.
    static func mark(_ connection: PostgresConnection, _ settings: DataPathSettings) async throws -> Mark? {
        guard let sealed = try await remembered(connection, settings) else { return nil }
        let now = try await read(connection, settings)
        guard now.isWhole(since: sealed) else { throw DataPathError.captureBroken(now.broken(since: sealed)) }
        return Mark(text: try await marked(connection, settings))
    }

    /// By the catalogue as it is for names, and as the transaction's snapshot shows it for triggers: a deletion that this snapshot sees
    /// came after whatever kept it from being captured.
    private static func marked(_ connection: PostgresConnection, _ settings: DataPathSettings) async throws -> String {
        let names = settings.sealed.map(\.sql)
        return try await connection.prepared(
            """
            SELECT coalesce((SELECT string_agg(coalesce(to_regclass(n)::oid::text, '-'), ' ') FROM unnest($1::text[]) n), '') || ' '
                || coalesce((SELECT string_agg(concat_ws(' ', t.tgname, t.tgenabled, t.xmin), ' ' ORDER BY t.tgrelid, t.tgname)
                    FROM pg_trigger t WHERE t.tgrelid IN (SELECT to_regclass(n)::oid FROM unnest($1::text[]) n)
                        AND t.tgfoid IN (SELECT p.oid FROM pg_proc p WHERE p.pronamespace = to_regnamespace('\(settings.schema)') AND p.proname LIKE 'capture%')), '') AS mark
            """, [.texts(names)])[0].string("mark")
    }

    /// Remembers the seal as it is now; the capture is whole at this moment.
    static func remember(_ connection: PostgresConnection, _ settings: DataPathSettings) async throws {
        let seal = try await read(connection, settings)
        let tables = try await connection.query(
            """
            SELECT jsonb_agg(jsonb_build_object('name', n, 'oid', o, 'columns', to_jsonb(string_to_array(c, E'\\n')), 'triggers', to_jsonb(string_to_array(t, E'\\n'))) ORDER BY i)::text AS value
            FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY x(n, o, c, t, i)
            """,
            [
                .texts(seal.tables.map(\.name)), .texts(seal.tables.map(\.oid)), .texts(seal.tables.map { $0.columns.joined(separator: "\n") }),
                .texts(seal.tables.map { $0.triggers.joined(separator: "\n") }),
            ])[0].string("value")
        try await connection.query(
            """
            INSERT INTO \(settings.schema).remembered (what, value) VALUES ('capture_seal', $1::jsonb)
            ON CONFLICT (what) DO UPDATE SET value = excluded.value, at = now()
            """, [.text(tables)])
    }
}
