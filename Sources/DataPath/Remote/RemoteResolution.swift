public import Foundation
public import Postgres

/// A person's choice over HTTP: between the two texts of a conflict, or about a row that changed in the plugin.
///
/// The condition is asked under the turn, just before it is carried out: v1's part in one transaction with it, the plugin's as shortly
/// before as HTTP allows. What agents chose in the plugin comes into v1 as an edit or a forget of its own.
public struct RemoteResolution: Sendable {
    public let settings: DataPathSettings
    let records: PluginRecords
    public let fence: Int64

    public init(_ settings: DataPathSettings = DataPathSettings(lane: .http), records: PluginRecords, fence: Int64) {
        self.settings = settings
        self.records = records
        self.fence = fence
    }

    /// Writes the choice to both stores. `seen1` and `seen2` are what was listed of the two rows; `seen2` is empty where v2 had none.
    ///
    /// Throws `.refused` when either is another by now, when v1 is frozen, or when the plugin does not take it.
    public func settle(_ id: UUID, seen1: String, seen2: String, keep choice: Resolution.Choice, _ connection: PostgresConnection) async throws {
        try await choosing(id, connection) { stage in
            let listed = try await connection.query(
                "SELECT v2_row->>'content' AS text FROM \(settings.schema).conflicts WHERE id = $1 AND closed IS NULL AND kind = 'conflict'", [.uuid(id)]).first
            let now = try await stage.now(id, sought: try listed?.optionalString("text"))
            guard now.state == "conflict" else {
                if now.state == "live", now.isAsAgreed, isChosen(now, seen1, choice) { return }
                throw DataPathError.refused("\(id.lowercased) is no conflict any more")
            }
            guard now.digest == seen1, try await stage.print(now.found) == seen2 else {
                throw DataPathError.refused("\(id.lowercased) is no longer the conflict that was looked at: one of its texts has changed")
            }
            try await stage.carryOut(choice, now)
        }
    }

    /// Of a row that is listed as changed in the plugin: `.v1` sends it again, `.v2` takes the forget or the edit for an agent's.
    public func settleChanged(_ id: UUID, keep choice: Resolution.Choice, _ connection: PostgresConnection) async throws {
        try await choosing(id, connection) { stage in
            let now = try await stage.now(id, sought: nil)
            let listed = try await connection.query(
                "SELECT detail FROM \(settings.schema).exceptions WHERE id = $1 AND closed IS NULL AND reason = ANY ($2::text[])",
                [.uuid(id), .texts(ChangedInPlugin.reasons)]).first
            guard let listed else {
                if now.state == nil || now.state == "gone" || now.state == "live" && now.isAsAgreed { return }
                throw DataPathError.refused("\(id.lowercased) is not listed as changed in the plugin")
            }
            let isAbsent = (try listed.optionalString("detail") ?? "").hasPrefix("absent")
            guard now.state == "live", now.isAsAgreed, (now.found == nil) == isAbsent else {
                throw DataPathError.refused("\(id.lowercased) has changed again since it was listed")
            }
            try await stage.carryOut(choice, now)
        }
    }

    /// Of v1's row. Whatever text takes its place, the embedding of the one before is not sent with it.
    public func hasEmbedding(_ id: UUID, _ connection: PostgresConnection) async throws -> Bool {
        let layout = try await Layout.introspect(connection, settings)
        guard layout.v1Has("embedding") else { return false }
        return try await connection.query("SELECT EXISTS (SELECT FROM \(layout.v1) WHERE id = $1 AND embedding IS NOT NULL) AS had", [.uuid(id)])[0].bool("had")
    }

    // MARK: - Non public

    private func choosing(_ id: UUID, _ connection: PostgresConnection, _ body: (Stage) async throws -> Void) async throws {
        let layout = try await Layout.complete(connection, settings)
        guard try await !Freeze(settings).state(connection).frozen else {
            throw DataPathError.refused("v1 is frozen, so nothing can be chosen any more: approve what is listed, or repair what was lost")
        }
        let hand = RemoteHand(settings: settings, store: records, fence: fence)
        try await hand.withTurn(connection) { try await body(Stage(hand: hand, layout: layout, connection: connection)) }
    }

    private func isChosen(_ now: Now, _ seen1: String, _ choice: Resolution.Choice) -> Bool {
        switch choice {
        case .v1: now.digest == seen1
        case .v2: now.found?.content == now.content
        case .text(let text): now.content == text
        }
    }

    struct Now: Sendable {
        let id: UUID
        let digest: String?
        let content: String?
        let state: String?
        let isAsAgreed: Bool
        let namespace: String
        /// What the plugin shows; nil where it has nothing.
        let found: FoundRecord?
    }

    struct Stage {
        let hand: RemoteHand
        let layout: Layout
        let connection: PostgresConnection

        func now(_ id: UUID, sought: String?) async throws -> Now {
            let row = try await connection.query(
                """
                SELECT (\(layout.digest1("m", "w")))::text AS digest, m.content, p.state, p.namespace,
                    coalesce(p.digest = \(layout.digest1("m", "w")), false) AS as_agreed
                FROM (SELECT $1::uuid AS id) i LEFT JOIN \(layout.v1) m ON m.id = i.id LEFT JOIN \(layout.workspaces) w ON w.id = m.workspace_id
                LEFT JOIN \(layout.schema).placed p ON p.id = i.id
                """, [.uuid(id)])[0]
            let content = try row.optionalString("content")
            let namespace = try row.optionalString("namespace") ?? ""
            var found: FoundRecord?
            if !namespace.isEmpty {
                switch try await hand.store.read([Sought(id, content: sought ?? content)], in: namespace)[id] {
                case .found(let record): found = record
                case .absent: break
                case .undetermined, nil: throw DataPathError.refused("no search of the plugin shows \(id.lowercased), and \(namespace) holds more than one listing shows")
                }
            }
            return Now(
                id: id, digest: try row.optionalString("digest"), content: content, state: try row.optionalString("state"), isAsAgreed: try row.bool("as_agreed"),
                namespace: namespace, found: found)
        }

        /// As `conflicts` records it; empty for nothing.
        func print(_ found: FoundRecord?) async throws -> String {
            guard let found else { return "" }
            return try await connection.query("SELECT sha256(convert_to($1, 'UTF8'))::text AS digest", [.text(found.json)])[0].string("digest")
        }

        /// First v1, as if an agent had edited or forgotten it there; then the store, whatever it shows. Killed in between, the writer finds
        /// both saying the same.
        func carryOut(_ choice: Resolution.Choice, _ now: Now) async throws {
            let sql = RemoteSQL(layout: layout)
            try await hand.transaction(connection) { connection in
                let held = try await connection.query(
                    "SELECT (SELECT (\(layout.digest1("m", "w")))::text FROM \(layout.workspaces) w WHERE w.id = m.workspace_id) AS digest FROM \(layout.v1) m WHERE m.id = $1 FOR UPDATE",
                    [.uuid(now.id)]).first
                guard try held?.optionalString("digest") == now.digest else { throw DataPathError.refused("\(now.id.lowercased) was changed in v1 just now") }
                switch choice {
                case .v1: break
                case .text(let text): try await rewrite(now.id, text, connection)
                case .v2:
                    if let found = now.found { try await rewrite(now.id, found.content, connection) } else {
                        try await connection.query(sql.record, [.uuids([now.id]), .texts(["forget"]), .texts([nil])])
                        try await connection.query("DELETE FROM \(layout.v1) WHERE id = $1", [.uuid(now.id)])
                    }
                }
            }
            let ended = try await hand.carry([now.id: now.namespace], sql, connection) { ended, _ in ended }
            for one in ended {
                switch one.end {
                case .proven: continue
                case .conflict: throw DataPathError.refused("\(now.id.lowercased) was changed in the plugin just now")
                case .excepted(_, let why, _), .notNow(let why): throw DataPathError.refused("the plugin did not take it: \(why)")
                }
            }
        }

        private func rewrite(_ id: UUID, _ text: String, _ connection: PostgresConnection) async throws {
            let more = (layout.hasUpdatedAt ? ", updated_at = now()" : "") + (layout.v1Has("embedding") ? ", embedding = NULL" : "")
            try await connection.query("UPDATE \(layout.v1) SET content = $2\(more) WHERE id = $1", [.uuid(id), .text(text)])
        }
    }
}
