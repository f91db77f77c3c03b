import Cutover
import Host
import Postgres

/// The row by which the control plane knows of a tenant's plugin.
struct TenantResource: Sendable, Codable, Equatable {
    static let kind = "memory_plugin"
    static let needed = ["tenant_id", "kind", "resource_id", "state"]
    static let (active, deleted) = ("active", "deleted")

    /// The id the control plane keeps the tenant under, where the fleet file says so.
    let organisation: String?

    func id(of tenant: TenantID) -> String { "memory-plugin/\(tenant)" }
}

/// Whether the control plane has the row.
struct ResourceState: ReadsOnHost {
    static let kind: OperationKind = "books.resource"
    struct Result: Sendable, Codable {
        /// Nil when the control plane does not know the tenant.
        let organisation: String?
        let noted: Bool
        /// As its rows say; none when there is no row.
        let states: [String]
    }
    let resource: TenantResource

    func read(_ host: HostSight) async throws -> Result {
        try await BooksTables.looking(host) { books in
            _ = try await books.columns(.resources, needed: TenantResource.needed)
            guard let organisation = try await books.organisation(of: host.tenant, label: resource.organisation) else {
                return Result(organisation: nil, noted: false, states: [])
            }
            let states = try await books.connection.query(
                "SELECT state::text AS state FROM tenant_resources WHERE tenant_id::text = $1 AND kind::text = $2 AND resource_id::text = $3",
                [.text(organisation), .text(TenantResource.kind), .text(resource.id(of: host.tenant))]
            ).map { try $0.string("state") }
            return Result(organisation: organisation, noted: states.contains { $0 != TenantResource.deleted }, states: states)
        }
    }
}

/// Writes the row, or says of it that the resource is gone: the row stays, as the control plane's own do.
struct NoteResource: ActsOnHost {
    static let kind: OperationKind = "books.note"
    static let once = Once.convergent
    struct Result: Sendable, Codable { let rows: Int }
    let resource: TenantResource
    let there: Bool

    func act(_ host: HostHand) async throws -> Result {
        let tenant = host.sight.tenant
        return try await BooksTables.writing(host) { books in
            let columns = try await books.columns(.resources, needed: TenantResource.needed)
            guard let organisation = try await books.organisation(of: tenant, label: resource.organisation) else {
                throw StepFailure("the control plane does not know \(tenant)", effect: .nothingChanged, next: "cutoverctl fleet check")
            }
            let key: [PostgresValue?] = [.text(organisation), .text(TenantResource.kind), .text(resource.id(of: tenant)), .text(there ? TenantResource.active : TenantResource.deleted)]
            // The row carries the operation that set it.
            let isLabelled = columns.contains("metadata")
            let label = "jsonb_build_object('cutover', $5::text)"
            let values = key + (isLabelled ? [.text(host.operation.text)] : [])
            let updated = try await books.connection.query(
                """
                UPDATE tenant_resources SET state = $4\(isLabelled ? ", metadata = coalesce(metadata, '{}') || \(label)" : "")\(columns.contains("updated_at") ? ", updated_at = now()" : "")
                WHERE tenant_id::text = $1 AND kind::text = $2 AND resource_id::text = $3
                """, values
            ).affected
            guard there, updated == 0 else { return Result(rows: updated) }
            let inserted = try await books.connection.query(
                "INSERT INTO tenant_resources (tenant_id, kind, resource_id, state\(isLabelled ? ", metadata" : "")) VALUES ($1, $2, $3, $4\(isLabelled ? ", \(label)" : ""))", values
            ).affected
            return Result(rows: inserted)
        }
    }
}
