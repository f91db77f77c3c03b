import Foundation
import Postgres

/// What a person asked to be done about single ids, beside the resident writer, which gives up its turn meanwhile.
struct RemoteHand: Sendable {
    let settings: DataPathSettings
    let store: any RecordStore
    let fence: Int64

    /// Runs `body` while nobody else sends anything, and nothing that was sent before can land any more.
    ///
    /// Throws `.writerRunning` when the turn was not given up in time, and `.fenced`.
    func withTurn<Result>(_ connection: PostgresConnection, waitSeconds: Double = 60, _ body: () async throws -> Result) async throws -> Result {
        // Before the fence is raised: a writer that is stopped by it leaves in the air what it had sent.
        try await RemoteTurn.take(connection, settings, waitSeconds: waitSeconds)
        do {
            try await Control.raiseFence(to: fence, connection, settings)
            let left = try await connection.query("SELECT EXISTS (SELECT FROM \(settings.schema).sent WHERE state = 'flying') AS some")[0].bool("some")
            if left { try await Task.sleep(for: .seconds(store.lateSeconds)) }
            let result = try await body()
            try await RemoteTurn.give(connection, settings)
            return result
        } catch {
            try? await RemoteTurn.give(connection, settings)
            throw error
        }
    }

    /// Carries ids over as v1 has them, whatever the store shows, and records what is agreed then. `places` says where each lies.
    ///
    /// - Parameter keep: gets, in the transaction that records it, what the store showed of a row before it was overwritten or forgotten.
    func carry(
        _ places: [UUID: String], _ sql: RemoteSQL, _ connection: PostgresConnection, keep: @Sendable ([Errandry], PostgresConnection) async throws -> [Errandry]
    ) async throws -> [Errandry] {
        let errands = try await transaction(connection) { connection in
            let plan = try await connection.query(sql.plan, [.uuids(places.keys.sorted())]).map { try RemotePlan($0, forcedIn: places[try $0.uuid("id")]) }
            let some = plan.filter { $0.errand != nil }
            try await RemoteSettling(sql: sql).note(some, connection)
            return some.compactMap(\.errand)
        }
        let ended = await NamespaceErrands.run(errands, store)
        try await transaction(connection) { connection in
            _ = try await RemoteSettling(sql: sql).settle(try await keep(ended, connection), connection)
        }
        return ended
    }

    func transaction<Result: Sendable>(_ connection: PostgresConnection, _ body: @Sendable (PostgresConnection) async throws -> Result) async throws -> Result {
        try await RemoteTransaction.run(connection, settings, fence: fence, body)
    }
}
