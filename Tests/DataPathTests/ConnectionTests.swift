import Foundation
import Postgres
import ProgramsTestKit
import Testing

@Suite("A connection", .serialized)
struct ConnectionTests {
    private func connect(readOnly: Bool = false) async throws -> PostgresConnection {
        try await PostgresConnection.connect(try SharedCluster.running.get().url(), readOnly: readOnly)
    }

    @Test("values go there and come back")
    func values() async throws {
        let connection = try await connect()
        let id = UUID()
        let row = try await connection.query(
            "SELECT $1::text AS t, $2::int AS i, $3::bytea AS b, $4::uuid AS u, $5::boolean AS f, $6::text AS n, $7::text[] AS a, ($7::text[])[2] AS quoted",
            [.text("é\n'"), 42, .bytes([0, 255]), .uuid(id), true, nil, .texts(["a,b", "\"\\{", nil])])[0]
        #expect(try row.string("t") == "é\n'")
        #expect(try row.int("i") == 42)
        #expect(try row.bytes("b") == [0, 255])
        #expect(try row.uuid("u") == id)
        #expect(try row.bool("f"))
        #expect(try row.isNull("n"))
        #expect(try row.string("quoted") == "\"\\{")
        #expect(throws: PostgresError.self) { try row.string("missing") }
    }

    @Test("errors carry the server's state, and a refused URL keeps its password to itself")
    func errors() async throws {
        let connection = try await connect()
        let refusal = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1/0") }
        #expect(refusal?.sqlState == "22012")
        for url in ["postgresql://u:s3cr3t@127.0.0.1:1/x", "postgresql://u:s3cr3t@[bad/x", "postgresql://u:p@s3cr3t@127.0.0.1:1/x", "host=/nowhere password=s3cr3t"] {
            let error = await #expect(throws: PostgresError.self) { try await PostgresConnection.connect(url) }
            #expect(error?.kind == .notConnected)
            #expect(!"\(String(describing: error))".contains("s3cr3t"))
        }
    }

    @Test("a read-only session refuses to write")
    func readOnly() async throws {
        let connection = try await connect(readOnly: true)
        let error = await #expect(throws: PostgresError.self) { try await connection.execute("CREATE TABLE t (i int)") }
        #expect(error?.sqlState == "25006")
    }

    @Test("a running statement can be cancelled, and the session goes on")
    func cancel() async throws {
        let connection = try await connect()
        async let sleeping = connection.query("SELECT pg_sleep(30)")
        try await until("EXISTS (SELECT FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(30)')", try await connect())
        connection.cancel()
        do {
            _ = try await sleeping
            Issue.record("it slept on")
        } catch let error as PostgresError {
            #expect(error.sqlState == "57014")
        }
        #expect(try await connection.query("SELECT 1 AS one")[0].int("one") == 1)
    }

    @Test("a session ended by the server is reported as lost")
    func lost() async throws {
        let connection = try await connect()
        let pid = try await connection.query("SELECT pg_backend_pid() AS pid")[0].int("pid")
        let other = try await connect()
        try await other.query("SELECT pg_terminate_backend($1)", [.int(pid)])
        try await until("NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = \(pid))", other)
        let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
        #expect(error?.connectionLost == true)
        #expect(await !connection.isOpen)
    }

    @Test("copies stream out and in, and an interrupted one leaves the session usable")
    func copy() async throws {
        let connection = try await connect()
        try await connection.execute("CREATE TEMP TABLE t (i int, s text)")
        var chunks = [Array("1\tone\n2\tt".utf8), Array("wo\n".utf8)]
        #expect(try await connection.copyIn("COPY t FROM STDIN") { chunks.isEmpty ? nil : chunks.removeFirst() } == 2)
        var text = ""
        try await connection.copyOut("COPY t TO STDOUT") { text += String(decoding: $0, as: UTF8.self) }
        #expect(text == "1\tone\n2\ttwo\n")
        struct Enough: Error {}
        await #expect(throws: Enough.self) {
            try await connection.copyOut("COPY (SELECT generate_series(1, 1000000)) TO STDOUT", chunkBytes: 1000) { _ in throw Enough() }
        }
        await #expect(throws: Enough.self) { try await connection.copyIn("COPY t FROM STDIN") { throw Enough() } }
        #expect(try await connection.query("SELECT count(*) AS n FROM t")[0].int("n") == 2)
    }

    @Test("a transaction is rolled back when its body throws, and one that failed inside cannot commit")
    func transactions() async throws {
        let connection = try await connect()
        try await connection.execute("CREATE TEMP TABLE t (i int)")
        await #expect(throws: PostgresError.self) {
            try await connection.transaction { connection in
                try await connection.execute("INSERT INTO t VALUES (1)")
                _ = try? await connection.execute("SELECT 1/0")
            }
        }
        #expect(await !connection.inTransaction)
        #expect(try await connection.query("SELECT count(*) AS n FROM t")[0].int("n") == 0)
    }
}
