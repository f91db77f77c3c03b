import Cutover
import Foundation
import Postgres
import ProgramsTestKit

@testable import Journals

/// One server for all journals in PostgreSQL that these tests make.
enum JournalCluster {
    static let running = Result { try Cluster.start() }
}

/// A database of its own for one test.
struct PostgresPlace {
    let cluster: Cluster
    let database: String
    var url: String { cluster.url(database) }

    init(on cluster: Cluster? = nil) async throws {
        self.cluster = try cluster ?? JournalCluster.running.get()
        database = "j\(UUID().uuidString.filter(\.isHexDigit).lowercased())"
        let (url, database) = (self.cluster.url(), database)
        try await Self.run("CREATE DATABASE \(database)", at: url)
    }

    /// Short patience, so that what is to fail fails soon.
    static let hasty = PostgresPatience(statement: 6, lock: 4, idle: 3, silence: 4, again: 2)
    /// For what is to come back: under load, coming back takes its time.
    static let patient = PostgresPatience(statement: 30, lock: 20, idle: 2, silence: 30, again: 60)

    func open(
        _ url: String? = nil, create: Bool = true, identity: JournalID = "journal-of-a-test", ladder: SchemaLadder = PostgresLadder.ladder, patience: PostgresPatience = patient
    ) -> PostgresJournal {
        let newIdentity: @Sendable () -> JournalID = { identity }
        return PostgresJournal(url: url ?? self.url, ladder: ladder, patience: patience, newIdentity: create ? newIdentity : nil)
    }

    /// What another program does with the journal's tables.
    func run(_ sql: String) async throws { try await Self.run(sql, at: url) }

    func rows(_ sql: String) async throws -> PostgresRows {
        let connection = try await PostgresConnection.connect(url, applicationName: "cutover-test")
        let rows = try await connection.query(sql)
        await connection.close()
        return rows
    }

    private static func run(_ sql: String, at url: String) async throws {
        let connection = try await PostgresConnection.connect(url, applicationName: "cutover-test")
        do { try await connection.execute(sql) } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }
}
