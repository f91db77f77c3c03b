public import Postgres

/// How v2 is reached.
public enum Lane: String, Sendable, Codable {
    /// Its tables lie in the tenant's own database: one transaction sees both stores.
    case sql
    /// Through the plugin's HTTP contract alone.
    case http
    /// Its tables lie in a database of the plugin's own, which is reached by SQL as well: see `SecondDatabase`.
    case separate
    /// The plugin's own database seen from within: v2 alone.
    case far
}

/// The lane and what it needs to know, kept in the tenant's database so that everybody who works there agrees on it.
public struct LaneSettings: Sendable, Codable, Equatable {
    public let lane: Lane
    /// The plugin's base URL; empty in the sql lane.
    public let plugin: String
    /// Requests in flight, at least and at most.
    public let least: Int
    public let most: Int
    /// How long an answer may take, seconds.
    public let timeoutSeconds: Double
    /// How long after it was given up a request may still land, seconds.
    public let lateSeconds: Double

    public init(lane: Lane = .sql, plugin: String = "", least: Int = 1, most: Int = 48, timeoutSeconds: Double = 5, lateSeconds: Double = 10) {
        self.lane = lane
        self.plugin = plugin
        self.least = least
        self.most = most
        self.timeoutSeconds = timeoutSeconds
        self.lateSeconds = lateSeconds
    }

    /// What was recorded; the sql lane where nothing was.
    public static func read(_ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings()) async throws -> LaneSettings {
        let table = "\(settings.schema).remembered"
        guard try await connection.query("SELECT to_regclass($1) IS NOT NULL AS there", [.text(table)])[0].bool("there"),
            let row = try await connection.query(
                """
                SELECT value->>'lane' AS lane, value->>'plugin' AS plugin, (value->>'least')::int AS least, (value->>'most')::int AS most,
                    (value->>'timeout')::float8 AS timeout, (value->>'late')::float8 AS late
                FROM \(table) WHERE what = 'lane'
                """).first
        else { return LaneSettings() }
        return LaneSettings(
            lane: Lane(rawValue: try row.string("lane")) ?? .sql, plugin: try row.string("plugin"), least: try row.int("least"),
            most: try row.int("most"), timeoutSeconds: try row.optionalDouble("timeout") ?? 5, lateSeconds: try row.optionalDouble("late") ?? 10)
    }

    /// The capture's tables must be there.
    public func save(_ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings()) async throws {
        try await connection.query(
            """
            INSERT INTO \(settings.schema).remembered (what, value)
            SELECT 'lane', jsonb_build_object('lane', $1::text, 'plugin', $2::text, 'least', $3::int, 'most', $4::int, 'timeout', $5::float8, 'late', $6::float8)
            ON CONFLICT (what) DO UPDATE SET value = excluded.value, at = now()
            """, [.text(lane.rawValue), .text(plugin), .int(least), .int(most), .double(timeoutSeconds), .double(lateSeconds)])
    }
}

extension DataPathSettings {
    /// In the lane that was recorded, so that a plugin without tables here is not missed.
    func asRecorded(_ connection: PostgresConnection) async throws -> DataPathSettings {
        var settings = self
        if lane == .separate { return joined }
        if lane == .sql { settings.lane = try await LaneSettings.read(connection, self).lane }
        return settings.lane == .separate ? settings.joined : settings
    }
}

extension Lag {
    /// As `read`, and what is in the air counts as entries.
    public static func readRemote(_ connection: PostgresConnection, _ settings: DataPathSettings) async throws -> Lag {
        let lag = try await read(connection, settings)
        let flying = try await connection.query("SELECT count(*) AS n FROM \(settings.schema).sent WHERE state = 'flying'")[0].int("n")
        return Lag(entries: lag.entries + flying, markers: lag.markers, oldestSeconds: lag.oldestSeconds, zero: lag.zero && flying == 0, marker: lag.marker)
    }
}
