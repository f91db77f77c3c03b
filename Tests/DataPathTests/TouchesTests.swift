import DataPath
import Foundation
import Postgres
import ProgramsTestKit
import Testing

@Suite("What is counted of a frozen table") struct TouchesTests {
    private func text(_ counters: String = "3/0/9/0/0", since: Int = 1, refused: Int = 1, table: String = "public.agent_memories") -> String {
        "\(table) since=\(since) \(counters) refused=\(refused)"
    }

    private func isTouched(_ change: Touches.Change) -> Bool { if case .touched = change { true } else { false } }

    @Test("a read, a write and a refused write are told; a crash, a restart and a reset are a gap; a rename begins anew")
    func changes() {
        #expect(Touches.change(from: text(), to: text()) == .none)
        #expect(isTouched(Touches.change(from: text(), to: text("4/0/9/0/0"))))
        #expect(Touches.change(from: text(refused: 1), to: text(refused: 3)) == .touched("somebody tried to write v1: 2 more writes were refused"))
        #expect(Touches.change(from: text(), to: text("0/0/0/0/0", since: 2, refused: 33)) == .countsAnew, "a crash loses the counters and may skip numbers")
        #expect(Touches.change(from: text(), to: text(since: 2)) == .countsAnew, "a restart keeps them")
        #expect(isTouched(Touches.change(from: text(), to: text("4/0/9/0/0", since: 2))), "and what they tell beyond what was known is told")
        #expect(Touches.change(from: text("0/0/0/0/0"), to: text("0/0/0/0/0")) == .none)
        #expect(Touches.change(from: text(), to: text("9/9/9/9/9", table: "public._cutover_hold_1")) == .none)
        #expect(Touches.change(from: text(), to: "gone") == .none)
        #expect(Touches.change(from: "public.agent_memories 3/0/9/0/0", to: text()) == .countsAnew, "of an older program")
    }

    @Test("on a server: refused writes of anybody are counted, and so is who reads; after a crash that nobody saw it counts anew", .timeLimit(.minutes(10)))
    func server() async throws {
        let cluster = try Cluster.start()
        defer { cluster.end() }
        let url = try await cluster.makeStores("touched")
        var ours = try await PostgresConnection.connect(url, applicationName: "cutover-test")
        try await ours.execute("CREATE ROLE passer_by; GRANT ALL ON agent_memories TO passer_by")
        try await Capture().install(ours)
        try await Control.set(.sync, fence: 0, ours)
        _ = try await Freeze().freeze(ours)
        func told() async throws -> String {
            try await ours.query("SELECT pg_stat_force_next_flush()")
            return try await Drop().touches(ours)
        }
        let first = try await told()
        for sql in ["INSERT INTO agent_memories (content, scope) VALUES ('y', 'LOCAL')", "SET ROLE passer_by; UPDATE agent_memories SET content = 'z'"] {
            await #expect(throws: PostgresError.self) { try await ours.execute(sql) }
        }
        try await ours.execute("RESET ROLE")
        let second = try await told()
        #expect(Touches.change(from: first, to: second) == .touched("somebody tried to write v1: 2 more writes were refused"))
        #expect(try await Freeze().refusesWrites(ours))
        let third = try await told()
        #expect(isTouched(Touches.change(from: second, to: third)), "our own trial counts as anybody's")

        try cluster.restart()
        await ours.close()
        ours = try await PostgresConnection.connect(url, applicationName: "cutover-test")
        let fourth = try await told()
        #expect(Touches.change(from: third, to: fourth) == .countsAnew, "\(third), \(fourth)")
        #expect(Touches.change(from: fourth, to: try await told()) == .none)
        // A backend that is killed takes the others with it, and the counters, under the same postmaster.
        let victim = try await PostgresConnection.connect(url)
        let pid = try await victim.query("SELECT pg_backend_pid() AS pid")[0].int("pid")
        kill(pid_t(pid), SIGKILL)
        await victim.close()
        // The postmaster has noticed when the others are gone: who came before that would be thrown out again.
        while (try? await ours.query("SELECT 1")) != nil { try await Task.sleep(for: .milliseconds(50)) }
        await ours.close()
        ours = try await PostgresConnection.returning(url)
        let fifth = try await told()
        #expect(Touches.change(from: fourth, to: fifth) == .countsAnew, "\(fourth), \(fifth)")
        await ours.close()
    }
}

extension PostgresConnection {
    /// Once the server lets anybody in again.
    fileprivate static func returning(_ url: String) async throws -> PostgresConnection {
        for _ in 0..<600 {
            if let connection = try? await PostgresConnection.connect(url, applicationName: "cutover-test") { return connection }
            try await Task.sleep(for: .milliseconds(100))
        }
        return try await PostgresConnection.connect(url, applicationName: "cutover-test")
    }
}
