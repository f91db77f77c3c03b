import Cutover
import Foundation
import Host
import Postgres

/// A token that lies in the host's state folder and in the tenant's database, and is another one after every operation: where they are not the
/// same, one of the two was put back to an older state. No counter would do: two that were put back could meet at one number.
struct DatabaseTally: KeepsAccord {
    private static let schema = "cutover_host"
    private static let table = "\(schema).tally"

    /// What the state folder has.
    struct Own: Codable, Equatable {
        /// How often it was changed, to tell which of two is older.
        let n: Int
        /// In the database as far as is known; empty when nothing was put there yet.
        let token: String
        /// Written before the database is told, so that the database may have it. Empty: its row may be gone.
        var coming: String?

        func agrees(with row: Row?) -> Bool {
            guard let row else { return token.isEmpty || coming == "" }
            return row.token == token || row.token == coming
        }
    }

    struct Row: Equatable {
        let n: Int
        let token: String
    }

    func disagreement(on host: HostSight, isNew: Bool) async -> String? {
        // Read without a lock: a change under way is told from a disagreement by a second look.
        for _ in 0..<10 {
            let before: Own?
            do { before = try own(host) } catch { return "\(path(host)) can't be read: \(error)" }
            if before == nil, isNew { return nil }
            let row: Row?
            do { row = try await Self.row(host) } catch { return nil }
            if before.map({ $0.agrees(with: row) }) ?? (row == nil) { return nil }
            if (try? own(host)) != before { continue }
            return Self.words(before, row)
        }
        return nil
    }

    func note(_ host: HostHand) async { try? await change(host.sight, to: host.operation.text) }

    /// The same between operations: a database that was put back is seen by the watch as well.
    func pulse(_ host: HostSight) async throws { try await change(host, to: UUID().uuidString.lowercased()) }

    /// Begins to keep it, on a host that does not yet: a beginning that was cut off, and an end, leave a token that no row has to agree with.
    func begin(_ host: HostHand) async throws {
        let before = try own(host.sight)
        if let before {
            guard before.agrees(with: nil), try await Self.row(host.sight) == nil else { return }
        }
        try await put(host.operation.text, n: (before?.n ?? 0) + 1, host)
    }

    func settle(_ host: HostHand) async throws -> String {
        let (before, row) = (try? own(host.sight), try await Self.row(host.sight))
        try await put(host.operation.text, n: max(before?.n ?? 0, row?.n ?? 0) + 1, host)
        return before.map { $0.agrees(with: row) } ?? (row == nil) ? "in accord" : Self.words(before, row)
    }

    /// Takes it away on both sides.
    func forget(_ host: HostHand) async throws {
        guard let before = try own(host.sight) else { return }
        let lock = try await lock(host.sight)
        defer { withExtendedLifetime(lock) {} }
        try keep(Own(n: before.n, token: before.token, coming: ""), host.sight)
        try await host.writing { connection in
            guard try await connection.there(Self.table) else { return }
            try await connection.query("DELETE FROM \(Self.table) WHERE ledger = $1", [.text(host.sight.statePath)])
            // Another plan's folder on this host may have its own there.
            if try await connection.query("SELECT FROM \(Self.table)").isEmpty { try await connection.execute("DROP SCHEMA \(Self.schema) CASCADE") }
        }
        try DurableFile.remove(path(host.sight))
    }

    // MARK: - Non public

    private func path(_ host: HostSight) -> String { "\(host.statePath)/tally.json" }
    private func own(_ host: HostSight) throws -> Own? { try DurableFile.read(path(host)).map { try CanonicalJSON.value(Own.self, from: $0) } }
    private func keep(_ own: Own, _ host: HostSight) throws { try DurableFile.write(try CanonicalJSON.text(own), to: path(host)) }

    private func lock(_ host: HostSight) async throws -> FileLock {
        guard let lock = try await FileLock.take("\(host.statePath)/tally.lock", within: 10) else { throw HostFault.said("\(path(host)) is locked") }
        return lock
    }

    /// Nothing where it is not kept, or where the two disagree.
    private func change(_ host: HostSight, to token: String) async throws {
        guard try own(host) != nil else { return }
        let lock = try await lock(host)
        defer { withExtendedLifetime(lock) {} }
        guard let before = try own(host) else { return }
        let changed = try await Self.writing(host) { connection -> Own? in
            guard try await connection.there(Self.table) else { return nil }
            return try await connection.transaction { connection in
                // Held: what a process that was killed had still sent may be under way.
                guard let row = try await Self.row(connection, host, holding: true), before.agrees(with: row) else { return nil }
                try keep(Own(n: row.n, token: row.token, coming: token), host)
                try await connection.query("UPDATE \(Self.table) SET n = n + 1, token = $2, at = now() WHERE ledger = $1", [.text(host.statePath), .text(token)])
                return Own(n: row.n + 1, token: token)
            }
        }
        if let changed { try keep(changed, host) }
    }

    private func put(_ token: String, n: Int, _ host: HostHand) async throws {
        let sight = host.sight
        let lock = try await lock(sight)
        defer { withExtendedLifetime(lock) {} }
        let row = try await Self.row(sight)
        try keep(Own(n: n - 1, token: row?.token ?? "", coming: token), sight)
        try await Self.writing(sight) { connection in
            try await connection.execute(
                """
                CREATE SCHEMA IF NOT EXISTS \(Self.schema);
                CREATE TABLE IF NOT EXISTS \(Self.table) (
                    ledger text PRIMARY KEY,
                    n bigint NOT NULL,
                    token text NOT NULL,
                    at timestamptz NOT NULL DEFAULT now())
                """)
            try await connection.query(
                "INSERT INTO \(Self.table) (ledger, n, token) VALUES ($1, $2, $3) ON CONFLICT (ledger) DO UPDATE SET n = $2, token = $3, at = now()",
                [.text(sight.statePath), .int(n), .text(token)])
        }
        try keep(Own(n: n, token: token), sight)
    }

    /// Throws where the database does not answer.
    private static func row(_ host: HostSight) async throws -> Row? {
        let url = try host.env().require("DATABASE_URL")
        return try await closing(try await PostgresConnection.connect(url, readOnly: true, applicationName: "cutover-tally", statementTimeoutSeconds: 10)) { connection in
            try await connection.there(table) ? row(connection, host) : nil
        }
    }

    private static func row(_ connection: PostgresConnection, _ host: HostSight, holding: Bool = false) async throws -> Row? {
        let rows = try await connection.query("SELECT n, token FROM \(table) WHERE ledger = $1\(holding ? " FOR UPDATE" : "")", [.text(host.statePath)])
        return try rows.first.map { Row(n: try $0.int("n"), token: try $0.string("token")) }
    }

    /// What is committed here is on the disk, also where the database is otherwise content with less: a crash must not take it back.
    @discardableResult
    private static func writing<Value: Sendable>(_ host: HostSight, _ body: (PostgresConnection) async throws -> Value) async throws -> Value {
        let url = try host.env().require("DATABASE_URL")
        return try await closing(try await PostgresConnection.connect(url, applicationName: "cutover-tally", statementTimeoutSeconds: 10)) { connection in
            try await connection.execute("SET synchronous_commit = on")
            return try await body(connection)
        }
    }

    private static func words(_ own: Own?, _ row: Row?) -> String {
        switch (own, row) {
        case (nil, let row?): "the database has mark \(row.n) (\(row.token)) of this host, and the host's ledger has none: the ledger was put back to an older state"
        case (let own?, nil): "the host's ledger has mark \(own.n) (\(own.token)), and the database has none: the database was put back to an older state, or is another one"
        case (let own?, let row?) where row.n < own.n:
            "the database has mark \(row.n) (\(row.token)), and the host's ledger is at \(own.n): the database was put back to an older state"
        case (let own?, let row?) where row.n > own.n:
            "the database has mark \(row.n) (\(row.token)), which the host's ledger, at \(own.n), does not know: the ledger was put back to an older state"
        case (let own?, let row?): "the host's ledger and the database have two marks \(own.n), \(own.token) and \(row.token): both were put back to older states"
        case (nil, nil): "neither the host's ledger nor the database has a mark"
        }
    }
}
