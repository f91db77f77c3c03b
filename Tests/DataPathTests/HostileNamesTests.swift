import DataPath
import Foundation
import Postgres
import ProgramsTestKit
import Testing

/// Names that a database would obey, were they ever taken for anything but names.
@Suite("names that a database would obey", .serialized)
struct HostileNamesTests {
    private static let key = [UInt8](repeating: 7, count: 32)
    /// At most 63 bytes, which is what a name has room for.
    private static let tricks = [
        #"x"; DROP TABLE victim; --"#, "x'; DROP TABLE victim; --", "x$$; DROP TABLE victim; --", "`touch obeyed`", "$(touch obeyed)", "%s %n %I", "_%\\", "E'\\'", "é＇；DROP", "a\nb", "{a,b}", "(1)", "NULL", "/* x", ":x ?1 $1",
    ]

    private func name(_ trick: String) -> String { "\"\(trick.replacing("\"", with: "\"\""))\"" }
    private func text(_ trick: String) -> String { "'\(trick.replacing("'", with: "''"))'" }

    @Test("columns, constraints, indexes, triggers, roles, comments, labels, namespaces and texts are what they are, from the capture to the table that comes back")
    func names() async throws {
        let stage = try await Stage.make(capture: false)
        try await stage.agent.execute("SET standard_conforming_strings = on; CREATE TABLE victim (x int); INSERT INTO victim VALUES (1)")
        try await stage.agent.execute("CREATE FUNCTION noting() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RETURN NEW; END $f$")
        for (index, trick) in Self.tricks.enumerated() {
            let name = name(trick)
            let role = self.name(trick + String(UInt32.random(in: 0 ... .max), radix: 36))
            let check = self.name(trick + "c"), by = self.name(trick + "i"), once = self.name(trick + "u")
            try await stage.agent.execute(
                """
                ALTER TABLE agent_memories ADD COLUMN \(name) text DEFAULT \(text(trick)), ADD CONSTRAINT \(check) CHECK (length(content) >= 0), ADD CONSTRAINT \(once) UNIQUE (id, \(name));
                CREATE INDEX \(by) ON agent_memories (\(name)); COMMENT ON TABLE agent_memories IS \(text(trick)); COMMENT ON COLUMN agent_memories.\(name) IS \(text(trick));
                COMMENT ON CONSTRAINT \(check) ON agent_memories IS \(text(trick));
                CREATE TRIGGER \(name) BEFORE INSERT ON agent_memories FOR EACH ROW EXECUTE FUNCTION noting(\(text(trick)));
                CREATE ROLE \(role); GRANT SELECT (\(name)) ON agent_memories TO \(role); GRANT INSERT ON agent_memories TO \(role);
                CREATE POLICY \(name) ON agent_memories FOR SELECT TO \(role) USING (scope = \(text(trick)));
                INSERT INTO workspaces (id, name, parent_id) VALUES ('\(UUID())', \(text(trick)), '\(Stage.root)')
                """)
            if index == 0 { try await stage.agent.execute("ALTER TABLE agent_memories OWNER TO \(role)") }
        }
        try await Capture().install(stage.ours)
        try await Control.set(.sync, fence: 0, stage.ours)
        try await stage.writer.start()
        var ids: [UUID] = []
        for (index, trick) in Self.tricks.enumerated() {
            ids.append(try await stage.add1(trick, label: String(trick.prefix(50))))
            // By the other door, in a namespace of such a name.
            try await stage.add2(trick, namespace: index % 2 == 0 ? "workspace:\(Stage.child.lowercased)" : "custom:\(trick)")
        }
        try await stage.settle()
        for (id, trick) in zip(ids, Self.tricks) { #expect(try await stage.text(2, id) == trick) }
        try await stage.edit(2, ids[0], "x'; DROP TABLE victim; --")
        try await stage.forget(1, ids[1])
        try await stage.settle()
        #expect(try await stage.text(1, ids[0]) == "x'; DROP TABLE victim; --")
        #expect(try await stage.text(2, ids[1]) == nil)
        let rows = try await stage.count("agent_memories")

        _ = try await Freeze().freeze(stage.ours)
        let place = DirectoryPlace(FileManager.default.temporaryDirectory.appending(path: "cutover-names-\(UUID())"))
        defer { try? FileManager.default.removeItem(at: place.directory) }
        _ = try await Archive().export(stage.ours, to: place, sealedTo: [.shared(Self.key)], label: Self.tricks[1])
        #expect(try await Archive().rehearse(stage.ours, from: place, with: .shared(Self.key)).rows == rows)
        _ = try await Drop().hold(stage.ours, date: .now, opID: "'; DROP")
        _ = try await Drop().drop(stage.ours)
        let back = try await Drop().undrop(stage.ours, archive: (place, .shared(Self.key)))
        #expect(back.source == .archive)
        #expect(try await stage.count("agent_memories") == rows)
        for trick in Self.tricks {
            #expect(try await stage.ours.query("SELECT 1 FROM pg_attribute WHERE attrelid = 'agent_memories'::regclass AND attname = $1", [.text(trick)]).count == 1, "\(trick)")
            #expect(try await stage.ours.query("SELECT 1 FROM pg_trigger WHERE tgrelid = 'agent_memories'::regclass AND tgname = $1", [.text(trick)]).count == 1, "\(trick)")
            #expect(try await stage.ours.query("SELECT 1 FROM pg_policy WHERE polrelid = 'agent_memories'::regclass AND polname = $1", [.text(trick)]).count == 1, "\(trick)")
        }
        #expect(try await stage.count("victim") == 1)
        #expect(!FileManager.default.fileExists(atPath: "obeyed"))
    }

    @Test("a database of such a name is reached by its address, and is the one", arguments: ["x'; DROP DATABASE postgres; --", "a b", "q\"q", "per%cent", "back\\slash", "?x=1", "é"])
    func database(trick: String) async throws {
        let cluster = try SharedCluster.running.get()
        let connection = try await PostgresConnection.connect(cluster.url())
        let unique = trick + String(UInt32.random(in: 0 ... .max), radix: 36)
        try await connection.execute("CREATE DATABASE \(name(unique))")
        let spelled = try #require(unique.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        let there = try await PostgresConnection.connect(cluster.url(spelled))
        #expect(try await there.query("SELECT current_database()::text AS name")[0].string("name") == unique)
        await there.close()
        try await connection.execute("DROP DATABASE \(name(unique)) WITH (FORCE)")
        await connection.close()
    }
}
