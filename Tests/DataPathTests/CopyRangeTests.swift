import DataPath
import Foundation
import Postgres
import Testing

@Suite("the copy in key ranges, and the rows it meets for the first time") struct CopyRangeTests {
    @Test("ranges side by side look at every row once, and the sum is what control says") func ranges() async throws {
        let stage = try await Stage.make()
        for number in 0..<400 { try await stage.add1("note \(number)") }
        try await stage.ours.execute("TRUNCATE cutover.change_log; ANALYZE agent_memories")
        try await Control.restartCopy(fence: 0, chunkRows: 30, ranges: 3, stage.ours)
        #expect(try await Control.read(stage.ours).ranges == 3)

        let copiers = try await [2, 3].asyncMap { RangeCopier(try await PostgresConnection.connect(stage.url), fence: 0, range: $0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for copier in copiers { group.addTask { while try await !copier.step().copyFinished {} } }
            group.addTask { while try await !stage.writer.step().copyFinished {} }
            try await group.waitForAll()
        }

        let control = try await Control.read(stage.ours)
        #expect(control.copyDone)
        #expect(control.copied == 400)
        #expect(try await stage.count("memory_plugin.memory_records r JOIN agent_memories m USING (id) WHERE r.content = m.content") == 400)
        #expect(try await stage.count("cutover.placed WHERE state = 'live' AND side = 2 AND since IS NOT NULL AND looks = 1") == 400)
        #expect(try await Quiesce().run(stage.ours).rows == 400)
    }

    @Test("a range whose copier went away goes on at its own last key") func resumed() async throws {
        let stage = try await Stage.make()
        for number in 0..<120 { try await stage.add1("note \(number)") }
        try await stage.ours.execute("TRUNCATE cutover.change_log; ANALYZE agent_memories")
        try await Control.restartCopy(fence: 0, chunkRows: 10, ranges: 2, stage.ours)
        let first = RangeCopier(try await PostgresConnection.connect(stage.url), fence: 0, range: 2)
        #expect(try await first.step().copied == 10)
        await first.stop()

        let second = RangeCopier(try await PostgresConnection.connect(stage.url), fence: 0, range: 2)
        while try await second.step().copied > 0 {}
        #expect(try await !Control.read(stage.ours).copyDone)
        #expect(try await stage.count("cutover.placed WHERE looks > 1") == 0)
        try await stage.settle()
        #expect(try await Control.read(stage.ours).copied == 120)
        #expect(try await stage.count("cutover.placed WHERE looks = 1") == 120)
    }

    @Test("no chunk waits for the disk but the one that ends the copy, which others go by") func durable() async throws {
        let stage = try await Stage.make()
        for number in 0..<25 { try await stage.add1("note \(number)") }
        try await stage.ours.execute(
            """
            TRUNCATE cutover.change_log; CREATE TABLE public.commits (n int GENERATED ALWAYS AS IDENTITY, waits text);
            CREATE FUNCTION public.at_commit() RETURNS trigger LANGUAGE plpgsql AS $f$
            BEGIN INSERT INTO public.commits (waits) VALUES (current_setting('synchronous_commit')); RETURN NULL; END $f$;
            CREATE CONSTRAINT TRIGGER at_commit AFTER UPDATE ON cutover.copy_range DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION public.at_commit()
            """)
        try await Control.restartCopy(fence: 0, chunkRows: 10, stage.ours)
        try await stage.settle()
        let waits = try await stage.ours.query("SELECT waits FROM public.commits ORDER BY n").map { try $0.string("waits") }
        #expect(waits == ["off", "off", "on"])
    }

    @Test("a copier below the fence stops") func fenced() async throws {
        let stage = try await Stage.make()
        try await Control.restartCopy(fence: 0, ranges: 2, stage.ours)
        let copier = RangeCopier(try await PostgresConnection.connect(stage.url), fence: 0, range: 2)
        try await Control.raiseFence(to: 1, stage.ours)
        await #expect(throws: DataPathError.fenced(found: 1)) { try await copier.step() }
    }

    @Test("in one chunk, what is new, known, changed, blank and refused ends where a look would have put it") func mixed() async throws {
        let stage = try await Stage.make()
        let fresh = try await stage.add1("fresh")
        let blank = try await stage.add1("\u{3000} ")
        let homeless = try await stage.add1("nobody's", workspace: nil)
        let secret = try await stage.add1("login with password=hunter2 on the box")
        let edited = try await stage.add1("before")
        try await stage.ours.execute("DELETE FROM cutover.change_log")
        try await stage.edit(1, edited, "after")
        let there = try await stage.add1("the same id in both")
        try await stage.add2("another text", id: there)
        try await Control.restartCopy(fence: 0, stage.ours)
        try await stage.settle()

        #expect(try await stage.text(2, fresh) == "fresh")
        #expect(try await stage.text(2, blank) == nil)
        #expect(try await stage.text(2, homeless) == nil)
        #expect(try await stage.text(2, secret) == "login with password=hunter2 on the box")
        #expect(try await stage.text(2, edited) == "after")
        #expect(try await stage.text(2, there) == "another text")
        #expect(try await stage.placed(there) == "conflict")
        #expect(try await stage.reasons() == ["blank-content": 1, "no-workspace": 1, ExceptionRules.credential: 1])
        #expect(try await Quiesce().run(stage.ours).setAside == 3)
    }

    @Test("embedding and time survive the copy to the bit") func exact() async throws {
        let stage = try await Stage.make()
        let id = try await stage.add1("with both")
        try await stage.ours.execute("DELETE FROM cutover.change_log; UPDATE agent_memories SET created_at = NULL, updated_at = '2026-03-04 05:06:07.891011'; DELETE FROM cutover.change_log")
        try await Control.restartCopy(fence: 0, stage.ours)
        try await stage.settle()
        #expect(try await stage.count("memory_plugin.memory_records r WHERE r.id = '\(id)' AND r.embedding = '[1,2,3]' AND r.created_at = '2026-03-04 05:06:07.891011'") == 1)
    }

    @Test("a column, a default or a check that is not as known is told by name") func fingerprint() async throws {
        let stage = try await Stage.make()
        let small = ["has memory_records column embedding vector(3)", "lacks memory_records column embedding vector(1536)"]
        #expect(try await SchemaFingerprint.read(stage.ours).differences(from: .known) == small)
        try await stage.ours.execute(
            """
            ALTER TABLE memory_plugin.memory_records ALTER pin SET DEFAULT true, ADD COLUMN owner text;
            ALTER TABLE memory_plugin.memory_namespaces ADD CHECK (length(name) < 256);
            """)
        let found = try await SchemaFingerprint.read(stage.ours).differences(from: .known)
        #expect(found.contains("has memory_records column owner text"))
        #expect(found.contains("has memory_records column pin boolean not null default true"))
        #expect(found.contains("lacks memory_records column pin boolean not null default false"))
        #expect(found.contains { $0.hasPrefix("has memory_namespaces check name") })
    }
}

extension Array {
    fileprivate func asyncMap<Made>(_ make: (Element) async throws -> Made) async rethrows -> [Made] {
        var made: [Made] = []
        for element in self { made.append(try await make(element)) }
        return made
    }
}
