import Cutover
import Host
import Postgres

/// The control plane's tables, in the database that its host's env file names. They are others' own: what is there is looked up, never assumed.
struct BooksTables: Sendable {
    enum Table: String { case organizations, instances = "org_instances", resources = "tenant_resources" }

    let connection: PostgresConnection

    static func looking<Value: Sendable>(_ host: HostSight, _ body: (BooksTables) async throws -> Value) async throws -> Value {
        try await opened(host, readOnly: true, body)
    }

    static func writing<Value: Sendable>(_ host: HostHand, _ body: (BooksTables) async throws -> Value) async throws -> Value {
        try await opened(host.sight, readOnly: false, body)
    }

    /// The table's columns; throws when it is not there or lacks one of `needed`.
    func columns(_ table: Table, needed: [String] = []) async throws -> Set<String> {
        let found = Set(
            try await connection.query(
                "SELECT attname::text AS name FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped", [.text(table.rawValue)]
            ).map { try $0.string("name") })
        let missing = needed.filter { !found.contains($0) }
        guard !needed.isEmpty, !missing.isEmpty else { return found }
        throw StepFailure(
            found.isEmpty ? "the control plane's database has no table \(table.rawValue)" : "the control plane's \(table.rawValue) has no column \(missing.joined(separator: ", "))",
            effect: .nothingChanged, next: "see that DATABASE_URL in the control plane's env file is that of the control plane")
    }

    /// Under which id the control plane keeps the tenant: what the fleet file's label says, else its organisation's; nil when there is none.
    func organisation(of tenant: TenantID, label: String?) async throws -> String? {
        if let label { return label }
        guard try await columns(.organizations).isSuperset(of: ["id", "slug"]) else { return tenant.text }
        return try await connection.query("SELECT id::text AS id FROM organizations WHERE slug = $1", [.text(tenant.text)]).first.map { try $0.string("id") }
    }

    private static func opened<Value: Sendable>(_ host: HostSight, readOnly: Bool, _ body: (BooksTables) async throws -> Value) async throws -> Value {
        let url = try host.env().require("DATABASE_URL")
        return try await closing(try await PostgresConnection.connect(url, readOnly: readOnly, applicationName: "cutover-books")) {
            try await body(BooksTables(connection: $0))
        }
    }
}
