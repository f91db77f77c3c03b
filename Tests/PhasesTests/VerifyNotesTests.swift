import Cutover
import DataPath
import Foundation
import Host
import Postgres
import Testing

@testable import Phases

@Suite("parity that is asked in any number of calls", .serialized) struct VerifyNotesTests {
    /// Ends a comparison after some slices, as time that runs out does.
    private struct Stopping: ParityNotes {
        struct Stopped: Error {}
        let files: ParityFiles
        let after: Int

        func read(print: String) async throws -> [ProvenSlice]? { try await files.read(print: print) }
        func begin(print: String) async throws { try await files.begin(print: print) }
        func add(_ slice: ProvenSlice) async throws {
            try await files.add(slice)
            if try String(contentsOfFile: files.notes, encoding: .utf8).split(separator: "\n").count > after { throw Stopped() }
        }
    }

    @Test("a wait's next look goes on where its last one stopped, sees what was done since, and takes nothing from another wait's notes", .timeLimit(.minutes(10)))
    func goesOn() async throws {
        let lab = try await LabTenant.up(rows: 300)
        do {
            try await lab.advance(lab.engine(), past: "backfill.copy")
            try await Self.ask(lab)
        } catch {
            try? await lab.down()
            throw error
        }
        try await lab.down()
    }

    private static func ask(_ lab: LabTenant) async throws {
        let host = HostSight(tenant: lab.host.id, statePath: lab.state, envPath: lab.host.env)
        let files = ParityFiles(host, .v1, of: "wait-1", .memories)
        func stopped() async throws {
            let lock = try #require(try files.lock())
            defer { withExtendedLifetime(lock) {} }
            await #expect(throws: Stopping.Stopped.self) {
                var parity = Parity(LegacyTable.memories.dataPath)
                (parity.tuning.range, parity.tuning.slice) = (20, 60)
                _ = try await host.looking { try await parity.run($0, against: .v1, notes: Stopping(files: files, after: 2)) }
            }
        }
        try await stopped()
        let compare = CompareStores(table: .memories, base: .v1, wait: "wait-1")
        let gone = try await compare.read(host)
        #expect(gone.complete && gone.resumedRows > 0 && gone.resumedRows < gone.rowsV1, "\(gone.resumedRows) of \(gone.rowsV1)")
        #expect(gone.clean && gone.rowsV1 > 250)
        #expect(!FileManager.default.fileExists(atPath: files.notes), "what is whole is forgotten")

        try await stopped()
        let other = try await CompareStores(table: .memories, base: .v1, wait: "wait-2").read(host)
        #expect(other.complete && other.resumedRows == 0, "what was proven before a wait began is no evidence of it")

        try await stopped()
        let agent = try await PostgresConnection.connect(try lab.env().require("DATABASE_URL"))
        try await agent.execute("UPDATE agent_memories SET content = content || ' edited' WHERE id = (SELECT min(id::text)::uuid FROM agent_memories WHERE content !~ '^\\s*$')")
        await agent.close()
        let edited = try await compare.read(host)
        #expect(edited.complete && edited.resumedRows > 0 && edited.clean && edited.rechecked > 0)
    }
}
