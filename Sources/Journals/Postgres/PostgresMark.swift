import Cutover
import Postgres

/// How far somebody has read: up to an event, by the transaction that appended it and its position there.
///
/// Positions alone say nothing of what is visible: whoever took a lower one may commit later. Of transactions older than the oldest that is under
/// way none becomes visible any more.
struct PostgresMark: Sendable, Equatable {
    let transaction: UInt64
    var position = 0

    /// The oldest transaction that is under way, and the first that has not begun.
    struct Horizon: Sendable {
        let oldest: UInt64
        let next: UInt64
    }

    static func horizon(_ connection: PostgresConnection) async throws -> Horizon {
        let row = try await connection.prepared(
            "SELECT pg_snapshot_xmin(s)::text AS oldest, pg_snapshot_xmax(s)::text AS next FROM pg_current_snapshot() AS s")[0]
        return Horizon(oldest: UInt64(try row.string("oldest")) ?? 0, next: UInt64(try row.string("next")) ?? 0)
    }

    init(transaction: UInt64, position: Int = 0) {
        self.transaction = transaction
        self.position = position
    }

    /// Nil for a mark that this server has not come to: the journal was put back, or brought here from another server. All is news then.
    init?(_ mark: JournalMark, _ horizon: Horizon) {
        let parts = mark.text.split(separator: "/")
        guard parts.count == 2, let transaction = UInt64(parts[0]), let position = Int(parts[1]), transaction <= horizon.next else { return nil }
        self.init(transaction: transaction, position: position)
    }

    var mark: JournalMark { JournalMark("\(transaction)/\(position)") }
}
