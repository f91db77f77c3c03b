import DataPath
import Host
import Postgres

extension Sampler {
    /// Before the freeze: both stores are in step, and nobody writes keys and values any more.
    ///
    /// Reads can't be told from our own as long as we look at v1 ourselves; the soak after the freeze counts them.
    func unused() async throws -> [String: String] {
        let table = LegacyTable.keyValues
        return try await host.looking(table) { connection in
            // Between the freeze and the soak this goes on, and from the freeze on nobody of ours reads v1.
            if try await Freeze(table.dataPath).state(connection).frozen { return ["frozen": "true"] }
            let capture = try await Capture(table.dataPath).status(connection)
            guard capture.inPlace else { throw SafetyBroken(what: "capture is not whole: \(capture.missingTriggers + capture.disabledTriggers)") }
            let parity = try await Parity(table.dataPath, listLimit: 3).compareUntilSettled(connection, against: .v1, timeoutSeconds: 5)
            guard parity.differences == 0 else { throw SafetyBroken(what: "\(parity.differences) keys differ between the stores") }
            let written = try await writes(table, connection)
            switch Touches.change(from: try previous("v1Writes") ?? written, to: written) {
            case .none: break
            case .touched: throw SafetyBroken(what: "somebody wrote \(table.name): its counters went from \(try previous("v1Writes") ?? "") to \(written)", facts: ["v1Writes": written])
            case .countsAnew: throw CountsAnew(facts: ["v1Writes": written])
            }
            return ["v1Writes": written, "equal": String(parity.equal)]
        }
    }

    /// The engine's own counters of inserted, updated and deleted rows, as `Touches` tells them.
    private func writes(_ table: LegacyTable, _ connection: PostgresConnection) async throws -> String {
        try await connection.query(
            """
            SELECT coalesce(string_agg(format('%s.%s since=%s 0/0/%s/%s/%s refused=0', schemaname, relname, \(Touches.sinceSQL), n_tup_ins, n_tup_upd, n_tup_del), ' '), 'gone') AS text
            FROM pg_stat_user_tables WHERE relid = to_regclass($1)
            """, [.text(table.name)])[0].string("text")
    }
}
