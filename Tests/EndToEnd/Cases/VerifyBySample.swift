import Foundation

/// The hand tool looked at a sample, at most 100 records of a namespace, and took texts as a bag: what it missed is found, row by
/// row, and repaired.
enum VerifyBySample {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(rows: 8000)
        try await stage.forward("advance", "acme", "--to", "A1/shadow.watch", "--wait")
        try await stage.lab("agents", "--root", stage.root, "pause", "acme")
        let database = try stage.database()
        _ = try await eventually("the log is empty", within: 20) { try database.number("SELECT count(*) FROM cutover.change_log") == 0 ? true : nil }
        let equal = try await stage.ctl("diff", "acme", "--json", code: 0)
        let before: DiffAnswer = try equal.answer()
        try expect(before.clean && before.complete && before.rows.v1 >= 8000 && before.differences.isEmpty, "undisturbed, diff says: \(equal.said)")

        let planted = try plant(database)
        try aSampleMissesThem(database, planted)
        let found: DiffAnswer = try await stage.ctl("diff", "acme", "--json", code: 2).answer()
        let told = Dictionary(uniqueKeysWithValues: found.differences.map { ($0.id, "\($0.what) \($0.fields.joined(separator: ","))") })
        try expect(told == planted, "diff lists \(told), not \(planted)")
        let ids = Set(try await stage.ctl("diff", "acme", "--ids", code: 2).out.split(separator: "\n").map(String.init))
        try expect(ids == Set(planted.keys), "--ids lists others: \(ids)")
        try await theGateIsShut(stage, planted)
        try await repaired(stage, database, planted)
    }

    /// Behind the back of every trigger, in the namespace with the most records, and far behind its first hundred.
    private static func plant(_ database: Database) throws -> [String: String] {
        let rows = try database.texts(
            """
            SELECT id::text FROM memory_plugin.memory_records r JOIN public.agent_memories m USING (id)
            WHERE r.namespace = (SELECT namespace FROM memory_plugin.memory_records WHERE id IN (SELECT id FROM public.agent_memories)
                AND id NOT IN (SELECT id FROM cutover.exceptions WHERE closed IS NULL) GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)
              AND r.propagation ? 'cutover' AND length(trim(r.content)) > 0 ORDER BY r.created_at DESC, id OFFSET 105
            """)
        try expect(rows.count > 20, "only \(rows.count) rows lie behind the first hundred of the largest namespace")
        func behindEveryonesBack(_ sql: String) throws {
            try database.rows("BEGIN; SELECT set_config('cutover.own', pg_current_xact_id()::text, true); \(sql); COMMIT")
        }
        let v2 = "memory_plugin.memory_records"
        try behindEveryonesBack("UPDATE \(v2) SET content = content || '.' WHERE id = '\(rows[0])'")
        try behindEveryonesBack("DELETE FROM \(v2) WHERE id = '\(rows[1])'")
        // Two texts exchanged, and one in place of another: as a bag of texts, v1's are all there.
        try behindEveryonesBack(
            "UPDATE \(v2) r SET content = o.content FROM \(v2) o WHERE (r.id, o.id) IN (('\(rows[2])', '\(rows[3])'), ('\(rows[3])', '\(rows[2])'))")
        try behindEveryonesBack("UPDATE \(v2) SET created_at = created_at + interval '1 hour' WHERE id = '\(rows[4])'")
        try behindEveryonesBack("UPDATE \(v2) SET kind = 'summary' WHERE id = '\(rows[5])'")
        return [
            rows[0]: "different content", rows[1]: "missing ", rows[2]: "different content", rows[3]: "different content",
            rows[4]: "different created_at", rows[5]: "different kind",
        ]
    }

    /// The hand tool's question: are the texts of each namespace's newest hundred among those of v1?
    private static func aSampleMissesThem(_ database: Database, _ planted: [String: String]) throws {
        let strange = try database.number(
            """
            SELECT count(*) FROM (SELECT content, row_number() OVER (PARTITION BY namespace ORDER BY created_at DESC) AS n FROM memory_plugin.memory_records
                WHERE propagation ? 'cutover') sample
            WHERE n <= 100 AND NOT EXISTS (SELECT FROM public.agent_memories m WHERE m.content = sample.content)
            """)
        try expect(strange == 0, "the sample finds \(strange) of the \(planted.count) rows that differ")
    }

    private static func theGateIsShut(_ stage: Stage, _ planted: [String: String]) async throws {
        var why = try await stage.why()
        for _ in 0..<20 where why.next.hasPrefix("cutoverctl a") {
            let shut = try await stage.ctl("advance", "acme", "--to", "A2/backfill.verify")
            try expect(shut.code == 3, "with \(planted.count) differing rows `advance` ended with \(shut.code): \(shut.said)")
            _ = try await stage.sign()
            why = try await stage.why()
        }
        try expect(why.answer.contains("1 missing") && why.answer.contains("5 different"), "why says: \(why.answer)")
        try expect(why.next == "cutoverctl repair acme --preview", "why says to type: \(why.next)")
    }

    private static func repaired(_ stage: Stage, _ database: Database, _ planted: [String: String]) async throws {
        let imprint = "SELECT md5(string_agg(r::text, '' ORDER BY id)) FROM memory_plugin.memory_records r"
        let before = try database.texts(imprint)
        let preview = try await stage.ctl("repair", "acme", "--preview", code: 2)
        try expect(planted.keys.allSatisfy { preview.out.contains("write-v2  ") && preview.out.contains($0) }, "the preview says: \(preview.said)")
        try expect(try database.texts(imprint) == before, "a preview of a repair changed v2")
        let events = try await stage.history().count
        try await stage.ctl("repair", "acme", "--reason", "the sample missed them", code: 0)
        let recorded = try await stage.history().dropFirst(events).map(\.kind)
        try expect(recorded.prefix(2) == ["errandBegan", "errandEnded"], "a repair is recorded as \(recorded)")
        let after: DiffAnswer = try await stage.ctl("diff", "acme", "--json", code: 0).answer()
        try expect(after.clean && after.differences.isEmpty, "after the repair diff finds \(after.differences)")
        try await stage.lab("agents", "--root", stage.root, "resume", "acme")
        try await stage.ctl("advance", "acme", "--to", "A2/backfill.verify", "--wait", code: 0)
        try await stage.lab("agents", "--root", stage.root, "pause", "acme")
        try await stage.referee("v2", "acme")
    }
}

struct DiffAnswer: Decodable {
    struct Rows: Decodable { let v1: Int }
    struct Difference: Decodable {
        let id: String
        let what: String
        let fields: [String]
    }
    let complete: Bool
    let clean: Bool
    let rows: Rows
    let differences: [Difference]
}
