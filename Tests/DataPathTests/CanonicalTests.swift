@testable import DataPath
import Foundation
import Postgres
import Testing

@Suite("The canonical form of a row", .serialized)
struct CanonicalTests {
    private static let texts = ["", "a", "ab", "b", "a\u{1}b", "\\x00", "NULL", "é", "e\u{301}", "workspace:", " ", "\n", "日本", "\u{10FFFF}", "1", "2026-01-01"]
    private static let times = [
        "2026-03-29 02:30:00+00", "2026-03-29 02:30:00.000001+00", "2026-10-25 00:30:00+00", "0001-01-01 00:00:00+00", "294276-12-31 23:59:59.999999+00",
        "infinity", "-infinity", "4713-01-01 00:00:00+00 BC",
    ]
    private static let vectors: [String?] = [nil, "[1,2,3]", "[1,2,3.0000002]", "[0,0,0]", "[-0.33333334,1e-38,3.4e38]"]

    @Test("no two different rows have the same bytes, and exchanged texts change the sum of a range", arguments: seeds(3))
    func injective(seed: UInt64) async throws {
        let stage = try await Stage.make(capture: false)
        var random = Dice(seed: seed)
        var rows: Set<String> = []
        for _ in 0..<400 {
            let namespace = Self.texts.randomElement(using: &random) ?? ""
            let content = Self.texts.randomElement(using: &random) ?? ""
            let vector = Self.vectors.randomElement(using: &random) ?? nil
            // Few ids: rows that differ in one field alone must come up.
            let id = "00000000-0000-4000-8000-00000000000\(Int.random(in: 0..<3, using: &random))"
            rows.insert(
                "(\(sql(id))::uuid, \(sql(namespace)), \(sql(content)), \(sql(Self.times.randomElement(using: &random)))::timestamptz, \(sql(vector))::vector)")
        }
        let layout = try await Layout.complete(stage.ours, stage.settings)
        let found = try await stage.ours.query(
            """
            SELECT count(*) AS rows, count(DISTINCT bytes) AS forms, count(DISTINCT \(CanonicalSQL.fingerprint("bytes"))) AS prints FROM (
                SELECT \(CanonicalSQL(layout: layout).v2("r")) AS bytes
                FROM (VALUES \(rows.joined(separator: ", "))) r(id, namespace, content, created_at, embedding)) x
            """)[0]
        #expect(try found.int("rows") == rows.count)
        #expect(try found.int("forms") == rows.count, "seed \(seed)")
        #expect(try found.int("prints") == rows.count, "seed \(seed)")
        let exchanged = try await stage.ours.query(
            """
            SELECT count(DISTINCT sum) AS n FROM (
                SELECT n, sum(\(CanonicalSQL.fingerprint(CanonicalSQL(layout: layout).v2("r")))) AS sum
                FROM (VALUES (1, '00000000-0000-4000-8000-000000000001'::uuid, 'n', 'x', now(), NULL::vector),
                    (1, '00000000-0000-4000-8000-000000000002', 'n', 'y', now(), NULL),
                    (2, '00000000-0000-4000-8000-000000000001', 'n', 'y', now(), NULL),
                    (2, '00000000-0000-4000-8000-000000000002', 'n', 'x', now(), NULL)) r(n, id, namespace, content, created_at, embedding) GROUP BY n) x
            """)[0].int("n")
        #expect(exchanged == 2)
    }

    @Test("both sides write the same bytes for the same memory, whatever the session's settings")
    func settings() async throws {
        let stage = try await Stage.make()
        for text in Self.texts where !text.trimmingCharacters(in: .whitespacesAndNewlines).isEmpty { try await stage.add1(text) }
        for time in Self.times.prefix(6) {
            try await stage.agent.execute("INSERT INTO agent_memories (workspace_id, content, scope, created_at) VALUES ('\(Stage.child)', 'at', 'TEAM', '\(time)')")
        }
        try await stage.agent.execute("INSERT INTO agent_memories (workspace_id, content, scope, created_at, updated_at) VALUES ('\(Stage.root)', 'never', 'GLOBAL', NULL, NULL)")
        try await stage.settle()
        let layout = try await Layout.complete(stage.ours, stage.settings)
        let canonical = CanonicalSQL(layout: layout)
        let question = """
            SELECT md5(string_agg(one, ''::bytea ORDER BY id)) AS one, md5(string_agg(two, ''::bytea ORDER BY id)) AS two, count(*) AS n FROM (
                SELECT m.id, \(canonical.v1("m", "w")) AS one, \(canonical.v2("r")) AS two FROM \(layout.v1) m
                LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id JOIN \(layout.v2) r ON r.id = m.id) x
            """
        var seen: Set<String> = []
        for setting in [
            "SELECT 1", "SET TimeZone = 'America/St_Johns'", "SET DateStyle = 'SQL, DMY'", "SET extra_float_digits = 0", "SET extra_float_digits = -15",
            "SET bytea_output = 'escape'", "SET IntervalStyle = 'iso_8601'", "SET lc_monetary = 'C'", "SET lc_numeric = 'C'", "SET lc_time = 'C'",
            "SET search_path = pg_catalog, public", "SET standard_conforming_strings = off", "SET jit = on; SET jit_above_cost = 0",
            "SET max_parallel_workers_per_gather = 0", "SET enable_hashjoin = off", "SET xmloption = 'document'", "SET client_min_messages = 'error'",
        ] {
            try await stage.ours.execute("RESET ALL; SET client_encoding = 'UTF8'; \(setting)")
            let row = try await stage.ours.query(question)[0]
            #expect(try row.string("one") == row.string("two"), "\(setting)")
            #expect(try row.int("n") == 20)
            seen.insert(try row.string("one"))
        }
        #expect(seen.count == 1)
    }

    private func sql(_ text: String?) -> String { text.map { literal($0) } ?? "NULL" }
}
