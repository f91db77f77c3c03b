import DataPath
import Foundation
import Postgres
import Testing

@Suite("The plan's rules for what does not fit", .serialized)
struct RuleTests {
    private static let planted = [
        "aws-access-key": "key AKIAIOSFODNN7EXAMPLE, kept", "secret-key": "sk-test-0123456789abcdefghijklmnop is the key",
        "github-token": "ghp_0123456789abcdefghijklmnopqrstuvwxyz in CI", "assigned-secret": "login with Password=hunter2 on the box",
        "url-password": "postgres://app:hunter2@db/app", "bearer-token": "Authorization: Bearer abcdefghijklmnopqrstuvwxyz",
        "private-key": "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----", "slack-token": "xoxb-123456789012-abc",
        "json-web-token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2QT4", "google-api-key": "AIza" + String(repeating: "a", count: 35),
    ]

    @Test("what looks like a credential is told by its kind, and blotted out once and for all")
    func credentials() async throws {
        let stage = try await Stage.make()
        func look(_ text: String) async throws -> (kind: String?, redacted: String, again: String?) {
            let row = try await stage.ours.query(
                "SELECT cutover.credential($1) AS kind, cutover.redacted($1) AS redacted, cutover.credential(cutover.redacted($1)) AS again", [.text(text)])[0]
            return (try row.optionalString("kind"), try row.string("redacted"), try row.optionalString("again"))
        }
        for (kind, text) in Self.planted {
            let seen = try await look(text)
            #expect(seen.kind == kind)
            #expect(seen.redacted.contains("[REDACTED]") && seen.again == nil)
        }
        #expect(try await look("login with Password=hunter2 on the box").redacted == "login with Password=[REDACTED] on the box")
        for harmless in ["task-management-for-everyone-here", "a = b, x@y", "the token is lost", "password=[REDACTED] ok", "https://a.b/c@d"] {
            #expect(try await look(harmless).kind == nil, "\(harmless)")
        }
    }

    @Test("a credential look-alike is carried and listed, unlisted, blotted out or left behind, as the plan says, and follows a change of the rule")
    func credentialRules() async throws {
        let stage = try await Stage.make()
        let text = "login with password=hunter2"
        let id = try await stage.add1(text)
        func become(_ rule: ExceptionRule.Word?) async throws -> (v2: String?, listed: [String: Int]) {
            _ = try await ExceptionRules.set(rule.map { [ExceptionRules.credential: ExceptionRule($0)] } ?? [:], fence: 0, stage.ours)
            try await stage.settle()
            #expect(try await stage.text(1, id) == text)
            #expect(try await Parity().compare(stage.ours, against: .v1).clean)
            return (try await stage.text(2, id), try await stage.reasons())
        }
        let list = [ExceptionRules.credential: 1]
        #expect(try await become(nil) == (text, list))
        #expect(try await become(.pass) == (text, [:]))
        #expect(try await become(.redact) == ("login with password=[REDACTED]", list))
        #expect(try await become(.flag) == (text, list))
        let kept = try await stage.ours.query("SELECT detail, carried FROM cutover.exceptions WHERE closed IS NULL")[0]
        #expect(try kept.string("detail") == "assigned-secret" && kept.bool("carried"))
        #expect(try await stage.count("cutover.exceptions x WHERE x::text LIKE '%hunter2%'") == 0)
        _ = try await ExceptionRules.set([ExceptionRules.credential: .init(.block)], fence: 0, stage.ours)
        let second = try await stage.add1("token=abc")
        try await stage.settle()
        #expect(try await stage.text(2, second) == nil)
    }

    @Test("under redact v1 keeps its own text through edits elsewhere in the row, a freeze, and the way back")
    func redacted() async throws {
        let stage = try await Stage.make()
        _ = try await ExceptionRules.set([ExceptionRules.credential: .init(.redact)], fence: 0, stage.ours)
        let id = try await stage.add1("secret=abc, and more", scope: "TEAM")
        try await stage.settle()
        try await stage.agent.execute("UPDATE memory_plugin.memory_records SET created_at = '2024-05-05' WHERE id = '\(id)'")
        try await stage.settle()
        #expect(try await stage.text(1, id) == "secret=abc, and more")
        #expect(try await stage.count("agent_memories WHERE created_at = '2024-05-05'") == 1)
        // A secret that v2 holds as it is can't be equal to anything in v1.
        let raw = try await stage.add2("token=xyz")
        try await stage.settle()
        #expect(try await stage.text(1, raw) == nil)
        #expect(try await Freeze().freeze(stage.ours).parity?.clean == true)
        #expect(try await Parity().compare(stage.ours, against: .frozen).clean)
        _ = try await Freeze().unfreeze(stage.ours)
        try await Control.set(.sync, fence: 0, stage.ours)
        try await stage.edit(2, id, "edited since")
        try await stage.settle()
        #expect(try await stage.text(1, id) == "edited since")
        #expect(try await TakeAway().run(stage.ours).removed == 1)
    }

    @Test("an embedding of what is blotted out stays in v1, comes to v2 when the rule is taken back, and a new one in v2 brings its text to v1")
    func redactedEmbedding() async throws {
        let stage = try await Stage.make()
        func embedding(_ side: Int, _ id: UUID) async throws -> String? {
            let table = side == 1 ? "agent_memories" : "memory_plugin.memory_records"
            return try await stage.ours.query("SELECT embedding::text AS embedding FROM \(table) WHERE id = $1", [.uuid(id)]).first?.optionalString("embedding")
        }
        let id = try await stage.add1("secret=abc, and more")
        let plain = try await stage.add1("nothing to hide")
        try await stage.settle()
        #expect(try await embedding(2, id) == "[1,2,3]")
        for (rule, held) in [(ExceptionRule.Word.redact, String?.none), (.flag, "[1,2,3]"), (.redact, nil)] {
            _ = try await ExceptionRules.set([ExceptionRules.credential: .init(rule)], fence: 0, stage.ours)
            try await stage.settle()
            #expect(try await embedding(2, id) == held, "\(rule)")
            #expect(try await embedding(1, id) == "[1,2,3]")
            #expect(try await embedding(2, plain) == "[1,2,3]")
            #expect(try await Parity().compare(stage.ours, against: .v1).clean)
        }
        // An edit elsewhere in the row keeps what v1 alone has.
        try await stage.agent.execute("UPDATE memory_plugin.memory_records SET created_at = '2024-05-05' WHERE id = '\(id)'")
        try await stage.settle()
        #expect(try await embedding(1, id) == "[1,2,3]")
        #expect(try await stage.text(1, id) == "secret=abc, and more")
        // One that an agent made of the blotted text: v1 can hold it with that text only.
        try await stage.agent.execute("UPDATE memory_plugin.memory_records SET embedding = '[4,5,6]' WHERE id = '\(id)'")
        try await stage.settle()
        #expect(try await embedding(1, id) == "[4,5,6]")
        #expect(try await stage.text(1, id) == "secret=[REDACTED] and more")
        #expect(try await embedding(2, id) == "[4,5,6]")
        #expect(try await Parity().compare(stage.ours, against: .v1).clean)
    }

    @Test("a damaged row is not excused by being flagged")
    func flaggedIsCompared() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("token=abc")
        try await stage.settle()
        try await stage.plant("UPDATE memory_plugin.memory_records SET content = 'token=abd' WHERE id = '\(id)'")
        #expect(try await Parity().compare(stage.ours, against: .v1).differentCount == 1)
        await #expect(throws: DataPathError.notEqual(differing: 1)) { try await Quiesce().run(stage.ours) }
    }

    @Test("rows without a place go where the plan puts them, keep their scope and owner, and come back exactly")
    func remap() async throws {
        let stage = try await Stage.make()
        let global = try await stage.add1("global of a child", scope: "GLOBAL")
        let ownerless = try await stage.add1("nobody's", workspace: nil, scope: "TEAM", label: "old")
        try await stage.settle()
        #expect(try await stage.reasons() == ["global-of-non-root": 1, "no-workspace": 1])
        func become(_ rules: [String: ExceptionRule]) async throws -> Int {
            let queued = try await ExceptionRules.set(rules, fence: 0, stage.ours)
            try await stage.settle()
            return queued
        }
        let orphans = ExceptionRule(.remap, target: "custom:orphans")
        #expect(try await become(["global-of-non-root": .init(.remap, target: "workspace"), "no-workspace": orphans]) == 2)
        #expect(try await stage.namespace(global) == "workspace:\(Stage.child.lowercased)")
        #expect(try await stage.namespace(ownerless) == "custom:orphans")
        #expect(try await stage.reasons().isEmpty)
        #expect(try await Parity().compare(stage.ours, against: .v1).clean)
        #expect(try await become(["global-of-non-root": .init(.remap, target: "org"), "no-workspace": orphans]) == 2)
        #expect(try await stage.namespace(global) == "org:\(Stage.root.lowercased)")
        let reads = try await AccessDiff.between(stage.ours)
        #expect(reads.lost == 0 && reads.gained == 0)
        // What v1 loses comes back to the scope and the owner it had, also where it had none.
        let before = try await stage.rows1()
        try await stage.plant("DELETE FROM agent_memories; DELETE FROM cutover.placed")
        try await stage.agent.execute("UPDATE memory_plugin.memory_records SET pin = true")
        try await stage.settle()
        #expect(try await stage.rows1() == before)
        #expect(try await become([:]) == 2)
        #expect(try await stage.reasons() == ["global-of-non-root": 1, "no-workspace": 1])
        #expect(try await become(["global-of-non-root": .init(.remap, target: "team")]) == 2)
        #expect(try await stage.namespace(global) == "team:\(Stage.root.lowercased)")
    }

    @Test("a text whose vector is too large for v2 is listed by name")
    func oversized() async throws {
        let stage = try await Stage.make(capture: false)
        // The shape that the down migration leaves: nothing in v1 keeps such a text out.
        try await stage.agent.execute("ALTER TABLE agent_memories DROP COLUMN content_tsv")
        try await Capture().install(stage.ours)
        try await Control.set(.sync, fence: 0, stage.ours)
        try await stage.writer.start()
        try await stage.agent.execute(
            "INSERT INTO agent_memories (workspace_id, scope, content) SELECT '\(Stage.child)', 'LOCAL', string_agg(md5(n::text), ' ') FROM generate_series(1, 60000) n")
        let fits = try await stage.add1("fits")
        try await stage.settle()
        #expect(try await stage.reasons() == ["oversized-text": 1])
        #expect(try await stage.text(2, fits) == "fits")
    }

    @Test("memories of removed workspaces are carried like any others")
    func removed() async throws {
        let stage = try await Stage.make()
        try await stage.agent.execute("UPDATE workspaces SET status = 'removed'")
        let id = try await stage.add1("x", scope: "TEAM")
        try await stage.settle()
        #expect(try await stage.namespace(id) == "team:\(Stage.root.lowercased)")
    }
}

extension Stage {
    /// All of v1 but the moment of the last change by one of our own looks.
    func rows1() async throws -> [String] {
        try await ours.query("SELECT (to_jsonb(m) - 'content_tsv')::text AS row FROM agent_memories m ORDER BY id").map { try $0.string("row") }
    }
}
