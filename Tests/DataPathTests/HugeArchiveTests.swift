import DataPath
import Foundation
import Postgres
import ProgramsTestKit
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite("archives of what is large, odd, or has no room", .serialized)
struct HugeArchiveTests {
    private static let key = [UInt8](repeating: 7, count: 32)

    private func place() -> DirectoryPlace {
        DirectoryPlace(FileManager.default.temporaryDirectory.appending(path: "cutover-huge-\(UUID())"))
    }

    private func export(_ stage: Stage, to place: any ArchivePlace) async throws -> Archive.Report {
        try await Archive().export(stage.ours, to: place, sealedTo: [.shared(Self.key)], label: "acme")
    }

    @Test("tens of megabytes in one memory, every odd character, and embeddings come back bit for bit")
    func odd() async throws {
        let stage = try await Stage.make()
        // The size that the platform's own embeddings have.
        for table in ["agent_memories", "memory_plugin.memory_records"] {
            try await stage.agent.execute("ALTER TABLE \(table) ALTER COLUMN embedding TYPE vector(1536)")
        }
        // One word again and again: its text vector stays small.
        try await stage.agent.execute(
            "INSERT INTO agent_memories (workspace_id, content, scope) VALUES ('\(Stage.child)', repeat('memory ', 4200000), 'LOCAL')")
        for text in [
            (1...0x2FF).compactMap { UnicodeScalar($0).map(String.init) }.joined(), "\\.", "a\n\\.\nb", "\\N", "\\\\.\\", "tab\tcr\rlf\nvt\u{0B}ff\u{0C}bs\u{08}",
            "\u{FEFF}\u{200B}\u{202E}\u{10FFFF}👩‍👩‍👧‍👦", "\"'`;--/*$1%s\u{7F}", String(repeating: "\\", count: 1000),
        ] { try await stage.agent.query("INSERT INTO agent_memories (workspace_id, content, scope) VALUES ($1, $2, 'LOCAL')", [.uuid(Stage.child), .text(text)]) }
        await #expect(throws: PostgresError.self, "a NUL never gets into a text") {
            try await stage.agent.execute("INSERT INTO agent_memories (workspace_id, content, scope) VALUES ('\(Stage.child)', E'a\\x00b', 'LOCAL')")
        }
        try await stage.agent.execute(
            """
            INSERT INTO agent_memories (workspace_id, content, scope, embedding)
            SELECT '\(Stage.child)', 'embedded ' || n, 'LOCAL', (SELECT array_agg(sin(n * i)::real)::vector FROM generate_series(1, 1536) i) FROM generate_series(1, 50) n
            """)
        try await stage.settle()
        _ = try await Freeze().freeze(stage.ours)
        let place = place()
        defer { try? FileManager.default.removeItem(at: place.directory) }
        let report = try await export(stage, to: place)
        #expect(report.rows == 60)
        #expect(report.plainBytes > 29_000_000)
        #expect(report.fileBytes < report.plainBytes / 10)
        #expect(try await Archive().rehearse(stage.ours, from: place, with: .shared(Self.key)) == report)
    }

    @Test("a place without room keeps nothing of the archive, says so, and takes it when there is room", .enabled(if: getuid() == 0))
    func full() async throws {
        let stage = try await Stage.make()
        for number in 0..<200 { try await stage.add1("memory \(number) \((0..<60).map { _ in UUID().uuidString }.joined(separator: " "))") }
        try await stage.settle()
        _ = try await Freeze().freeze(stage.ours)
        let place = place()
        try FileManager.default.createDirectory(at: place.directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place.directory) }
        try await SmallDisk.mounted(at: place.directory.path, size: "200k") { try await filled(place, stage) }
    }

    private func filled(_ place: DirectoryPlace, _ stage: Stage) async throws {
        let failure = await #expect(throws: DataPathError.self) { try await export(stage, to: place) }
        #expect(failure?.description.contains("No space left on device") == true, "\(failure?.description ?? "")")
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.directory.path) == [])
        #expect(try await stage.ours.query("SELECT 1 AS one")[0].int("one") == 1, "the session is usable")
        try await SmallDisk.resize(place.directory.path, to: "8m")
        _ = try await export(stage, to: place)
        #expect(try await Archive().rehearse(stage.ours, from: place, with: .shared(Self.key)).rows == 200)
        // An archive that does not fit over an older one leaves none that could be taken for it.
        try await SmallDisk.resize(place.directory.path, to: "700k")
        try Data(count: 200_000).write(to: place.directory.appending(path: "somebody-elses"))
        await #expect(throws: DataPathError.self) { try await export(stage, to: place) }
        await #expect(throws: DataPathError.self) { try await Archive().check(place, with: .shared(Self.key)) }
    }
}
