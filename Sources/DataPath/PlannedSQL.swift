/// The statements that change a tenant, as they will run, for people to read beforehand. What depends on the moment stands in <…>.
public struct PlannedSQL: Sendable {
    public let settings: DataPathSettings

    public init(_ settings: DataPathSettings = DataPathSettings()) { self.settings = settings }

    /// The triggers of change capture; each table's are one transaction.
    public func capture(lockTimeoutSeconds: Double = 0.5) -> [String] {
        [setTimeout(lockTimeoutSeconds)]
            + (CaptureSQL.triggers(settings) + (settings.lane == .separate ? CaptureSQL.triggers(settings.far) : [])).flatMap { trigger in
                [
                    "CREATE TRIGGER \(trigger.name) \(trigger.definition)",
                    "ALTER TABLE \(trigger.table.sql) ENABLE ALWAYS TRIGGER \(trigger.name)",
                ]
            }
    }

    /// The barrier before the server is started again, and before the freeze.
    public func quiesce(lockTimeoutSeconds: Double) -> [String] {
        [
            "BEGIN ISOLATION LEVEL REPEATABLE READ", setTimeout(lockTimeoutSeconds),
            "LOCK TABLE \(settings.v1Memories.sql)\(settings.lane == .sql ? ", \(settings.v2Records.sql)" : ""), \(settings.v1Workspaces.sql) IN EXCLUSIVE MODE",
        ]
    }

    public func freeze(lockTimeoutSeconds: Double) -> [String] {
        quiesce(lockTimeoutSeconds: lockTimeoutSeconds)
            + ["INSERT INTO \(settings.schema).frozen (id, digest, whole) SELECT <every row of \(settings.v1Memories)>"]
            + ["ALTER TABLE \(settings.v1Memories.sql) DROP CONSTRAINT <its foreign key, remembered>"]
            + FreezeSQL(settings).install(on: settings.v1Memories).split(separator: ";").map { Self.oneLine(String($0)) }.filter { !$0.isEmpty }
    }

    public func hold() -> [String] {
        [
            "LOCK TABLE \(settings.v1Memories.sql) IN ACCESS EXCLUSIVE MODE",
            "ALTER TABLE \(settings.v1Memories.sql) RENAME TO \"_cutover_hold_<yyyymmdd>_<operation>\"",
        ]
    }

    public func drop() -> [String] {
        let held = "\(settings.v1Memories.schema).\"_cutover_hold_<yyyymmdd>_<operation>\""
        return [
            "LOCK TABLE \(held) IN ACCESS EXCLUSIVE MODE", "INSERT INTO \(settings.schema).dropped (table_oid, digest, rows) VALUES (<as found under the lock>)",
            "DROP TABLE \(held) RESTRICT",
        ] + CaptureSQL.triggers(settings).filter { $0.table != settings.v1Memories }.map { "DROP TRIGGER IF EXISTS \($0.name) ON \($0.table.sql)" }
    }

    // MARK: - Non public

    private func setTimeout(_ seconds: Double) -> String { "SET LOCAL lock_timeout = \(Int(seconds * 1000))" }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
