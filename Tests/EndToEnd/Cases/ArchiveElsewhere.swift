import Foundation

/// The archive lies in a bucket or on another host: whatever is killed on the way there, only a whole one counts, and the table comes back from it.
enum ArchiveElsewhere {
    private static let bucket = "cutover-archives"

    /// Whole: both places. Sampled: one of them.
    @Sendable static func run(_ stage: Stage) async throws {
        let both = [inBucket, onAnotherHost]
        for place in stage.all ? both : [both[stage.chance.number(in: 0...1)]] {
            try await place(stage)
            try await stage.lab("down", "--root", stage.root, "--wipe")
        }
    }

    /// A hundred thousand rows go to a bucket in parts, in an amount of memory that has nothing to do with their number.
    @Sendable static func large(_ stage: Stage) async throws {
        var stage = stage
        try await stage.raise(rows: 100_000, agents: false)
        let store = try await self.store(stage)
        do {
            stage.plan = try plan(stage, to: "s3://\(bucket)/TENANT", revision: 1)
            try await stage.forward("advance", "acme", "--to", "A3/legacy.archive", "--wait")
            guard let facts = try await stage.history().last(where: { $0.kind == "performed" && $0.place == "A3/legacy.archive" })?.facts,
                let rows = facts["rows"].flatMap({ Int($0) }), let bytes = facts["bytes"].flatMap({ Int($0) }), let peak = facts["peakMiB"].flatMap({ Int($0) })
            else { throw Trouble("the archive's evidence tells neither rows nor bytes nor memory") }
            print("archive of \(rows) rows, \(bytes) bytes sealed, \(peak) MiB at most")
            try expect(rows >= 100_000 && bytes > 8 << 20, "\(rows) rows in \(bytes) bytes are not what was to be tried")
            try expect(peak > 0 && peak <= mostMiB, "writing and rehearsing took \(peak) MiB, and \(mostMiB) are allowed")
        } catch {
            await store.stop()
            throw error
        }
        await store.stop()
    }

    /// Two parts of 8 MiB under way, the program itself, and no row more.
    private static let mostMiB = 120

    // MARK: - In a bucket

    private static func inBucket(_ stage: Stage) async throws {
        var stage = stage
        try await stage.raise(agents: false)
        try fill(stage)
        let store = try await self.store(stage)
        do {
            stage.plan = try plan(stage, to: "s3://\(bucket)/TENANT", revision: 1)
            try await stage.forward("advance", "acme", "--to", "A3/legacy.freeze", "--wait")
            // The first part arrives, the second hangs: then the process that writes is killed, and the controller with it.
            try await store.misbehave("PUT", "partNumber=2", as: "stall", times: 2)
            let controller = try await stage.start("cutoverctl", ["advance", "acme", "--to", "A3/legacy.archive", "--wait"])
            try await until("a part of the archive has arrived") { try await store.unfinished(bucket) == 1 }
            controller.kill()
            _ = try await controller.ended()
            try await killWork(stage, "archive.write")
            try expect(try await store.objects(bucket).isEmpty, "of an archive that was never finished there are objects")
            try await thereAndBack(stage) {
                let objects = try await store.objects(bucket)
                try expect(objects.count == 2, "the archive is \(objects)")
                try expect(try await store.unfinished(bucket) == 0, "parts of what was killed are still there")
            }
            try expect(try await store.objects(bucket).isEmpty, "the way back left the archive")
        } catch {
            await store.stop()
            throw error
        }
        await store.stop()
    }

    // MARK: - On another host

    private static func onAnotherHost(_ stage: Stage) async throws {
        var stage = stage
        try await stage.raise(agents: false)
        try fill(stage)
        let vault = "\(stage.folder)/vault"
        let fleet = try String(contentsOfFile: stage.fleet, encoding: .utf8)
        try (fleet + "  - { id: keeper, host: keeper.lab, transport: local, state: \(stage.folder)/keeper }\n").write(
            toFile: stage.fleet, atomically: true, encoding: .utf8)
        stage.plan = try plan(stage, to: "host:keeper:\(vault)/TENANT", revision: 1)
        try await stage.forward("advance", "acme", "--to", "A3/legacy.freeze", "--wait")
        // Killed while a slice is on its way: neither what has arrived nor what was sealed is an archive.
        let controller = try await stage.start("cutoverctl", ["advance", "acme", "--to", "A3/legacy.archive", "--wait"])
        try await until("a slice has arrived") { names("\(vault)/acme").contains { $0.hasSuffix(".arriving") } }
        controller.kill()
        _ = try await controller.ended()
        try expect(!names("\(vault)/acme").contains { $0.hasSuffix(".manifest.json") }, "what has not arrived counts as an archive: \(names("\(vault)/acme"))")
        try await thereAndBack(stage) {
            let found = names("\(vault)/acme")
            try expect(found.count == 2 && !found.contains { $0.hasSuffix(".arriving") }, "the archive is \(found)")
            try expect(names("\(stage.host("acme"))/archive.out").isEmpty && names("\(stage.host("acme"))/archive.back").isEmpty, "what was on its way is still on the tenant's host")
        }
        try expect(names("\(vault)/acme").isEmpty, "the way back left the archive")
    }

    // MARK: - Either

    /// Forward past the drop, and back to where there is no archive yet.
    private static func thereAndBack(_ stage: Stage, _ inPlace: () async throws -> Void) async throws {
        try await stage.forward("advance", "acme", "--to", "A3/legacy.archive", "--wait")
        try await inPlace()
        let noted = try await stage.history().filter { $0.kind == "checkpointed" && $0.place == "A3/legacy.archive" }
        try expect(noted.contains { $0.facts["stage"] == "written" } && noted.contains { $0.facts["stage"] == "restored" }, "the journal does not tell how far the archive was: \(noted.map(\.facts))")
        let rows = "SELECT count(*), coalesce(md5(string_agg(md5(m::text), '' ORDER BY id)), '') FROM public.agent_memories m"
        let database = try stage.database()
        let before = try database.rows(rows)
        try await stage.forward("advance", "acme", "--to", "A3/legacy.drop", "--wait")
        try expect(try database.number("SELECT count(*) FROM pg_class WHERE relname = 'agent_memories'") == 0, "the table is still there")
        try await stage.ctl("revert", "acme", "--to", "A3/legacy.freeze", "--reason", "too early", "--confirm", "acme", code: 0)
        try expect(try database.rows(rows) == before, "the table that came back is another")
    }

    /// The process that does the work is killed, and nothing of it is left.
    private static func killWork(_ stage: Stage, _ name: String) async throws {
        let file = "\(stage.host("acme"))/work/\(name)/pid"
        guard let pid = FileManager.default.contents(atPath: file).flatMap({ Int32(String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)) }),
            kill(pid, SIGKILL) == 0
        else { throw Trouble("\(name) does not run: it did not outlive its caller") }
        try await until("\(name) is gone") { kill(pid, 0) != 0 }
    }

    private static func until(_ what: String, _ holds: () async throws -> Bool) async throws {
        for _ in 0..<2400 {
            if try await holds() { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Trouble("it never came to this: \(what)")
    }

    /// Text that does not compress to nothing: the archive takes more than one part and many slices.
    private static func fill(_ stage: Stage) throws {
        try stage.database().rows(
            """
            INSERT INTO agent_memories (workspace_id, content, scope)
            SELECT (SELECT id FROM workspaces WHERE parent_id IS NULL ORDER BY id LIMIT 1), (SELECT string_agg(md5(n || ' ' || i), '') FROM generate_series(1, 30000) i), 'LOCAL'
            FROM generate_series(1, 20) n
            """)
    }

    private static func store(_ stage: Stage) async throws -> ObjectStore {
        let store = try await ObjectStore.start(stage)
        try await store.makeBucket(bucket)
        var env = try EnvText(stage.env("acme"))
        for (key, value) in [
            ("AWS_REGION", "eu-central-1"), ("AWS_ENDPOINT_URL_S3", store.endpoint), ("AWS_ACCESS_KEY_ID", store.accessKey), ("AWS_SECRET_ACCESS_KEY", store.secretKey),
        ] {
            try env.set(key, to: value)
            env = try EnvText(stage.env("acme"))
        }
        return store
    }

    private static func plan(_ stage: Stage, to place: String, revision: Int) throws -> String {
        let text = try String(contentsOfFile: stage.places.plan, encoding: .utf8)
        try expect(text.contains("to: env:ARCHIVE_DIR"), "the lab's plan names its archive otherwise")
        let changed = text.replacing("to: env:ARCHIVE_DIR", with: "to: \"\(place)\"").replacing("window: 6s", with: "window: 2s").replacing("window: 8s", with: "window: 2s")
            .replacing("grace: 3s", with: "grace: 1s").replacing("revision: 1", with: "revision: \(revision)")
        return try stage.file("plan-\(revision).yaml", changed)
    }

    private static func names(_ folder: String) -> [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] }
}
