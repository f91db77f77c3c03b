import Foundation
import Postgres

/// The ids of keys and values that were agreed on, known in the plugin's database as well: its triggers tell by them that a record was
/// one of ours once an agent has taken the mark away. An id too many costs a look and nothing else.
extension SecondDatabase {
    /// Of the ids that this transaction looked at; in the plugin's transaction, so that no agent sees the row before.
    func tellPlaced(_ near: PostgresConnection) async throws {
        guard settings.holding == .keyValues, !state.brought.isEmpty else { return }
        let placed = try await near.prepared("SELECT id FROM \(schema).placed WHERE id = ANY ($1::uuid[])", [.uuids(Array(state.brought))]).map { try $0.uuid("id") }
        if placed.isEmpty { return }
        let new = try await far.prepared(
            "INSERT INTO \(schema).placed (id, state) SELECT id, 'live' FROM unnest($1::uuid[]) id ON CONFLICT (id) DO NOTHING", [.uuids(placed)]).affected
        if new > 0 { state.writesFar = true }
    }

    /// All of them, once the capture is in place.
    func tellAllPlaced(_ near: PostgresConnection) async throws {
        guard settings.holding == .keyValues else { return }
        let schema = schema
        try await far.transaction { far in
            try await far.execute("CREATE TEMP TABLE told ON COMMIT DROP AS SELECT id FROM \(schema).placed WITH NO DATA")
            try await far.copyIn(
                "COPY pg_temp.told (id) FROM STDIN (FORMAT binary)", from: near, "COPY (SELECT id FROM \(schema).placed) TO STDOUT (FORMAT binary)")
            try await far.execute("INSERT INTO \(schema).placed (id, state) SELECT id, 'live' FROM pg_temp.told ON CONFLICT (id) DO NOTHING")
        }
    }
}
