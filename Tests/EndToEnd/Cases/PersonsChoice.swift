import Foundation

/// What looks cannot decide a person does, by number, under his name, and only about what he saw.
enum PersonsChoice {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(rows: 60, agents: false)
        try await stage.ctl("advance", "acme", "--to", "A1/backfill.copy", code: 0)
        let ids = try stage.database().texts(
            "SELECT m.id::text FROM public.agent_memories m JOIN memory_plugin.memory_records r ON r.id = m.id WHERE m.scope = 'LOCAL' ORDER BY m.id LIMIT 2")
        try await conflict(stage, ids[0])
        try await twins(stage)
        try await keptText(stage, ids[1])
        try await access(stage)
    }

    private static func conflict(_ stage: Stage, _ id: String) async throws {
        let database = try stage.database()
        let texts = ["edited at the old door", "edited at the new door"]
        try database.rows(
            """
            UPDATE public.agent_memories SET content = '\(texts[0])' WHERE id = '\(id)';
            UPDATE memory_plugin.memory_records SET content = '\(texts[1])' WHERE id = '\(id)'
            """)
        let first = try await eventually("the conflict is listed", within: 10) { try await stage.exceptions().conflicts.first }
        try expect(first.id == id && first.v1 == texts[0] && first.v2 == texts[1], "the conflict is told as \(first)")
        try database.rows("UPDATE public.agent_memories SET content = 'edited once more' WHERE id = '\(id)'")
        let second = try await eventually("the newer text is listed", within: 10) { try await stage.exceptions().conflicts.first { $0.n != first.n } }
        let late = try await stage.ctl("resolve", "acme", String(first.n), "--keep", "v1", "--reason", "seen yesterday")
        try expect(late.code == 1, "a choice about what has changed since ended with \(late.code): \(late.said)")
        try await stage.ctl("resolve", "acme", String(second.n), "--keep", "v2", "--reason", "the customer says so", code: 0)
        let now = try database.texts("SELECT content FROM public.agent_memories WHERE id = '\(id)' UNION ALL SELECT content FROM memory_plugin.memory_records WHERE id = '\(id)'")
        try expect(now == [texts[1], texts[1]], "after the choice the stores say \(now)")
        try expect(try await stage.exceptions().conflicts.isEmpty, "the conflict is still listed")
        let told = try await stage.history().suffix(2)
        try expect(told.map(\.kind) == ["errandBegan", "errandEnded"], "history ends with \(told.map(\.kind))")
        let facts = told.flatMap { $0.facts.values }
        try expect(facts.contains("the customer says so") && !facts.contains { $0.contains("door") }, "the journal has \(facts)")
    }

    /// One commit, in v2 by the plugin and in v1 by the server's fallback.
    private static func twins(_ stage: Stage) async throws {
        let database = try stage.database()
        let made = try database.rows(
            """
            WITH w AS (SELECT id FROM public.workspaces WHERE parent_id IS NULL ORDER BY id LIMIT 1),
            n AS (INSERT INTO memory_plugin.memory_namespaces (name, kind) SELECT 'workspace:' || id, 'workspace' FROM w ON CONFLICT DO NOTHING),
            one AS (INSERT INTO public.agent_memories (workspace_id, content, scope, namespace) SELECT id, 'committed once', 'LOCAL', id::text FROM w RETURNING id)
            INSERT INTO memory_plugin.memory_records (namespace, content, kind, source) SELECT 'workspace:' || id, 'committed once', 'fact', 'agent' FROM w
            RETURNING id::text, (SELECT id::text FROM one)
            """)
        let (native, fallback) = (made[0][0], made[0][1])
        let listed = try await eventually("the twin is listed", within: 10) { try await stage.exceptions().exceptions.first { $0.reason == "suspected-twin" } }
        try expect([native, fallback].contains(listed.id), "the twin is told as \(listed)")
        try await stage.ctl("resolve", "acme", listed.id, "--keep", "v2", "--reason", "one commit", code: 0)
        let left = try database.texts("SELECT id::text FROM public.agent_memories WHERE content = 'committed once' UNION SELECT id::text FROM memory_plugin.memory_records WHERE content = 'committed once'")
        try expect(left == [native], "of the twins \(left) are left, not \(native)")
    }

    private static func keptText(_ stage: Stage, _ id: String) async throws {
        try stage.database().rows(
            "DELETE FROM public.agent_memories WHERE id = '\(id)'; UPDATE memory_plugin.memory_records SET content = 'overrun' WHERE id = '\(id)'")
        let kept = try await eventually("the text is kept", within: 10) {
            try await stage.ctl("exceptions", "acme", "--kept", "--json", code: 0).answer(ExceptionsAnswer.self).conflicts.first { $0.id == id }
        }
        try expect(kept.v2 == "overrun", "what was kept is told as \(kept)")
        try await stage.ctl("resolve", "acme", String(kept.n), "--purge", "--reason", "nobody needs it", code: 0)
        let left = try stage.database().number("SELECT count(*) FROM cutover.conflicts c WHERE c::text LIKE '%overrun%'")
        try expect(left == 0, "the purged text is still there")
    }

    /// The list is as long as the counts say, there and back.
    private static func access(_ stage: Stage) async throws {
        for back in [[], ["--back"]] {
            let counts: AccessAnswer = try await stage.start("cutoverctl", ["diff", "acme", "--access", "--json"] + back).ended().answer()
            let list = try await stage.start("cutoverctl", ["diff", "acme", "--access", "--list"] + back).ended().out.split(separator: "\n")
            try expect(counts.lost > 0 || !back.isEmpty, "a tree with GLOBAL memories below its roots loses nothing: \(counts)")
            try expect(list.count == counts.gained + counts.lost, "\(list.count) pairs are listed, \(counts.gained) gained and \(counts.lost) lost are counted")
            try expect(counts.counts.reduce(0) { $0 + $1.lost } == counts.lost, "the counts do not add up: \(counts)")
        }
    }
}
