public import Postgres

/// The change log at one moment, read without drawing a transaction id.
public struct LogState: Sendable, Codable, Equatable {
    public let entries: Int
    public let markers: Int
    /// Age of the oldest entry or marker; nil when there is none.
    public let oldestSeconds: Double?
    public let bytes: Int
    /// The highest number ever given to an entry: what came in since the capture was installed.
    public let highest: Int

    public static func read(_ connection: PostgresConnection, _ settings: DataPathSettings = DataPathSettings()) async throws -> LogState {
        let row = try await connection.query(
            """
            SELECT l.entries, k.markers, extract(epoch FROM clock_timestamp() - least(l.oldest, k.oldest)) AS age,
                pg_total_relation_size('\(settings.schema).change_log') AS bytes,
                coalesce(pg_sequence_last_value(pg_get_serial_sequence('\(settings.schema).change_log', 'seq')::regclass), 0) AS highest
            FROM (SELECT count(*) AS entries, min(at) AS oldest FROM \(settings.schema).change_log) l,
                 (SELECT count(*) AS markers, min(at) AS oldest FROM \(settings.schema).marker) k
            """)[0]
        let here = LogState(
            entries: try row.int("entries"), markers: try row.int("markers"), oldestSeconds: try row.optionalDouble("age"), bytes: try row.int("bytes"),
            highest: try row.int("highest"))
        guard let second = await connection.partner as? SecondDatabase, let far = try await second.log(connection) else { return here }
        return LogState(
            entries: here.entries + far.entries, markers: here.markers + far.markers, oldestSeconds: [here.oldestSeconds, far.oldestSeconds].compactMap { $0 }.max(),
            bytes: here.bytes + far.bytes, highest: here.highest + far.highest)
    }
}

/// How large the change log may get before it is a finding. Nothing is ever dropped from it.
public struct LogBound: Sendable, Codable, Equatable {
    public let entries: Int
    public let mebibytes: Int

    public init(entries: Int = 1_000_000, mebibytes: Int = 1024) {
        self.entries = entries
        self.mebibytes = mebibytes
    }

    /// Nil while the log is within it.
    public func finding(_ log: LogState) -> String? {
        if log.entries > entries { return "\(log.entries) changes wait in the log, \(entries) are allowed" }
        let size = log.bytes >> 20
        return size > mebibytes ? "the log takes \(size) MiB, \(mebibytes) are allowed" : nil
    }
}
