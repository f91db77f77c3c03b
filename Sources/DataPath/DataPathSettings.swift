/// A table by schema and name.
public struct TableName: Sendable, Hashable, Codable, CustomStringConvertible {
    public let schema: String
    public let name: String

    public init(_ schema: String, _ name: String) {
        self.schema = schema
        self.name = name
    }

    /// `schema.name`, for people.
    public var description: String { "\(schema).\(name)" }

    /// Both parts quoted, for statements.
    public var sql: String { "\(quoted(schema)).\(quoted(name))" }
}

/// Which tables are the two stores, and where what is kept about them lies. In the sql lane they must lie in one database;
/// in the http lane v2's names stand for nothing.
public struct DataPathSettings: Sendable, Hashable, Codable {
    public var v1Memories: TableName
    public var v1Workspaces: TableName
    public var v2Records: TableName
    public var v2Namespaces: TableName
    /// The schema of our own: log, agreements, exceptions, control. It also names our triggers, so that two of them can live side by side.
    public let schema: String
    /// What v1 holds, which says how its rows look in v2.
    public let holding: Holding

    public enum Holding: String, Sendable, Hashable, Codable { case memories, keyValues }
    public var lane: Lane

    public init(
        v1Memories: TableName = TableName("public", "agent_memories"),
        v1Workspaces: TableName = TableName("public", "workspaces"),
        v2Records: TableName = TableName("memory_plugin", "memory_records"),
        v2Namespaces: TableName = TableName("memory_plugin", "memory_namespaces"),
        schema: String = "cutover", holding: Holding = .memories, lane: Lane = .sql
    ) {
        precondition(schema.wholeMatch(of: /[a-z_][a-z0-9_]{0,30}/) != nil, "\(schema) cannot be spelled without quotes")
        self.v1Memories = v1Memories
        self.v1Workspaces = v1Workspaces
        self.v2Records = v2Records
        self.v2Namespaces = v2Namespaces
        self.schema = schema
        self.holding = holding
        self.lane = lane
    }
}

extension DataPathSettings {
    /// v2 as a session sees it that is joined with the plugin's database.
    var joined: DataPathSettings {
        var settings = self
        settings.v2Records = TableName("pg_temp", "memory_records")
        settings.v2Namespaces = TableName("pg_temp", "memory_namespaces")
        settings.lane = .separate
        return settings
    }

    /// Of the plugin's own database, as a session there sees it.
    var far: DataPathSettings {
        var settings = DataPathSettings(v1Memories: v1Memories, v1Workspaces: v1Workspaces, schema: schema, holding: holding)
        settings.lane = .far
        return settings
    }

    /// Entries, and markers, as they are read. Where the plugin's database is another, what lies there is brought beside ours for readers.
    var log: String { both("change_log", "seq, id, side, del, xid, at, role") }
    var markers: String { both("marker", "n, what, arg, side, at, xid, role") }

    /// v2's own tables are in the database these are the settings of.
    var hasV2: Bool { lane == .sql || lane == .far }

    /// What a seal is about: tables by their lasting names.
    var sealed: [TableName] { [v1Memories, lane == .separate ? far.v2Records : v2Records, v1Workspaces] }

    private func both(_ table: String, _ columns: String) -> String {
        lane == .separate ? "(SELECT \(columns) FROM \(schema).\(table) UNION ALL SELECT \(columns) FROM pg_temp.\(table))" : "\(schema).\(table)"
    }

    /// The workspaces' keys and values, beside the memories and with everything about them in a schema of their own.
    public static let keyValues = DataPathSettings(v1Memories: TableName("public", "workspace_memory"), schema: "cutover_kv", holding: .keyValues)
}

/// An identifier in double quotes.
func quoted(_ identifier: String) -> String {
    "\"" + identifier.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}

/// A string literal in single quotes; `standard_conforming_strings` is on in our sessions.
func literal(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
}
