public import Foundation
public import Postgres

/// A person's choice where the looks make none. Each is a look under the condition that nothing changed since the person saw it, so it
/// is as safe beside a running writer as any other; what does not hold any more is refused, and changes nothing.
public struct Resolution: Sendable {
    /// What becomes of a memory that both stores changed.
    public enum Choice: Sendable, Equatable, Codable {
        case v1, v2
        /// Another text in place of both; the rest of the row is v1's, without an embedding of what it said before.
        case text(String)
    }

    /// What becomes of two rows that seem to be one memory.
    public enum TwinChoice: String, Sendable, Codable {
        /// The one that came by the old door, or the one that came by the plugin's.
        case v1, v2
        case both
    }

    public let settings: DataPathSettings
    public let fence: Int64

    public init(fence: Int64, settings: DataPathSettings = DataPathSettings()) {
        self.settings = settings
        self.fence = fence
    }

    /// Writes the choice to both stores. `seen1` and `seen2` are the digests of the two rows the person saw. Answers whether an embedding
    /// went with the texts that were replaced.
    ///
    /// Throws `.refused` when either row is another by now, or the other store cannot hold the choice.
    @discardableResult
    public func settle(
        _ id: UUID, seen1: String, seen2: String, keep choice: Choice, _ connection: PostgresConnection
    ) async throws -> Bool {
        try await looking(connection) { connection, layout in
            let look = Look(layout: layout)
            guard let now = try await look.plan([id], connection).first else { return false }
            if now.state == "live", now.a == now.b, try await isSettled(now, seen1, seen2, choice, layout, connection) { return false }
            guard now.state == "conflict", now.a == seen1, now.b == seen2 else {
                throw DataPathError.refused("\(id.lowercased) is no longer the conflict that was looked at: one of its texts has changed, or it is settled")
            }
            var hadEmbedding = false
            if case .text(let text) = choice {
                hadEmbedding = try await self.hadEmbedding(id, layout, connection)
                try await rewrite(id, text, look, connection)
            }
            try await carry(id, Look(layout: layout, forced: choice == .v2 ? .upd1 : .upd2), connection)
            return hadEmbedding
        }
    }

    /// Settles the twin that is listed under `id`. Throws `.refused` when it is not listed, or the two texts are no longer the same.
    public func settleTwin(_ id: UUID, keep choice: TwinChoice, _ connection: PostgresConnection) async throws {
        try await looking(connection) { connection, layout in
            let listed = try await connection.query(
                """
                SELECT x.side, x.detail::uuid AS other FROM \(settings.schema).exceptions x
                WHERE x.id = $1 AND x.closed IS NULL AND x.reason = '\(ExceptionRules.twin)'
                """, [.uuid(id)])
            guard let row = listed.first else { throw DataPathError.refused("\(id.lowercased) is not listed as a suspected twin") }
            let (listedSide, other) = (try row.int("side"), try row.uuid("other"))
            try await requireTwins(id, listedSide, other, layout, connection)
            let look = Look(layout: layout, twinsPass: true)
            let dropsListed = choice == .v1 ? listedSide == 2 : choice == .v2 && listedSide == 1
            if choice == .both || !dropsListed {
                if choice != .both { try await drop(other, look, connection) }
                try await carry(id, look, connection)
            } else {
                try await drop(id, look, connection)
            }
        }
    }

    /// Takes the texts out of a record that was kept when a forget overran an edit. Answers false when there is none of that number.
    public func purge(_ number: Int, _ connection: PostgresConnection) async throws -> Bool {
        try await connection.query(
            """
            UPDATE \(settings.schema).conflicts SET v1_row = NULL, v2_row = NULL, purged = coalesce(purged, now())
            WHERE n = $1 AND kind = 'forget'
            """, [.int(number)]
        ).affected > 0
    }

    // MARK: - Non public

    /// Collisions with a writer or an agent are tried again: what they committed is then part of what is compared.
    private func looking<Answer: Sendable>(
        _ connection: PostgresConnection, _ body: @Sendable (PostgresConnection, Layout) async throws -> Answer
    ) async throws -> Answer {
        let layout = try await Layout.complete(connection, settings)
        var attempt = 0
        while true {
            attempt += 1
            do {
                return try await connection.transaction(.repeatableRead) { connection in
                    try await Look.begin(connection, layout)
                    try await Control.checkFence(fence, connection, settings)
                    return try await body(connection, layout)
                }
            } catch let error as PostgresError where error.isCollision && attempt < 40 {
                try await Task.sleep(for: .milliseconds(50))
            } catch DataPathError.tablesBusy where attempt < 40 {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// The same choice was carried out before, and its answer was lost.
    private func isSettled(
        _ now: PlannedID, _ seen1: String, _ seen2: String, _ choice: Choice, _ layout: Layout, _ connection: PostgresConnection
    ) async throws -> Bool {
        switch choice {
        case .v1: return now.a == seen1
        case .v2: return now.a == seen2
        case .text(let text):
            return try await connection.query("SELECT content = $2 AS same FROM \(layout.v1) WHERE id = $1", [.uuid(now.id), .text(text)])
                .first?.bool("same") ?? false
        }
    }

    private func hadEmbedding(_ id: UUID, _ layout: Layout, _ connection: PostgresConnection) async throws -> Bool {
        guard layout.hasEmbedding else { return false }
        let sides = [layout.v1, layout.v2].map { "EXISTS (SELECT FROM \($0) WHERE id = $1 AND embedding IS NOT NULL)" }
        return try await connection.query("SELECT \(sides.joined(separator: " OR ")) AS had", [.uuid(id)])[0].bool("had")
    }

    private func rewrite(_ id: UUID, _ text: String, _ look: Look, _ connection: PostgresConnection) async throws {
        let layout = look.sql.layout
        guard settings.holding == .memories else { throw DataPathError.refused("a value can't be replaced by a text: keep one side's") }
        guard try await connection.query(look.sql.lock(1), [.uuids([id])]).count == 1 else { throw DataPathError.tablesBusy("\(id.lowercased)") }
        let more = (layout.hasUpdatedAt ? ", updated_at = now()" : "") + (layout.v1Has("embedding") ? ", embedding = NULL" : "")
        try await connection.query("UPDATE \(layout.v1) SET content = $2\(more) WHERE id = $1", [.uuid(id), .text(text)])
    }

    /// A look that must carry the row: what would only be listed again is refused.
    private func carry(_ id: UUID, _ look: Look, _ connection: PostgresConnection) async throws {
        let outcome = try await look.look(at: [id], connection)
        guard outcome.busy.isEmpty else { throw DataPathError.tablesBusy("\(id.lowercased)") }
        if outcome.counts.exceptions > 0 { throw DataPathError.refused("the other store can't hold \(id.lowercased) as it would be then") }
    }

    private func requireTwins(
        _ id: UUID, _ side: Int, _ other: UUID, _ layout: Layout, _ connection: PostgresConnection
    ) async throws {
        let same = try await connection.query(
            """
            SELECT EXISTS (SELECT FROM \(side == 1 ? layout.v1 : layout.v2) a, \(side == 1 ? layout.v2 : layout.v1) b
                WHERE a.id = $1 AND b.id = $2 AND a.content = b.content) AS same
            """, [.uuid(id), .uuid(other)])[0].bool("same")
        guard same else { throw DataPathError.refused("\(id.lowercased) and \(other.lowercased) no longer say the same") }
    }

    /// Forgets the row in both stores; it is kept whole among the records.
    private func drop(_ id: UUID, _ look: Look, _ connection: PostgresConnection) async throws {
        try await connection.query(look.sql.record, [.uuids([id]), .texts(["forget"]), .texts([nil]), .texts([nil])])
        for side in [1, 2] { try await connection.query(look.sql.delete(side), [.uuids([id])]) }
        try await carry(id, look, connection)
    }
}
