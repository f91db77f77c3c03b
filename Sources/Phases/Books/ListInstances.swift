public import Cutover
public import Host
import Postgres

/// The instances that the control plane lists, without the secrets that stand beside them.
public struct ListInstances: ReadsOnHost {
    public static let kind: OperationKind = "books.instances"
    public struct Instance: Sendable, Codable, Equatable {
        public let organisation: String
        /// The organisation's short name, by which the fleet file calls the tenant; nil when the control plane has none.
        public let slug: String?
        public let instance: String?
        /// What the host may be reached by, the nearest first.
        public let addresses: [String]
        public let status: String

        public init(organisation: String, slug: String?, instance: String?, addresses: [String], status: String) {
            self.organisation = organisation
            self.slug = slug
            self.instance = instance
            self.addresses = addresses
            self.status = status
        }
    }
    public struct Result: Sendable, Codable { public let instances: [Instance] }

    public init() {}

    public func read(_ host: HostSight) async throws -> Result {
        try await BooksTables.looking(host) { books in
            let columns = try await books.columns(.instances, needed: ["org_id", "status"])
            let named = try await books.columns(.organizations).isSuperset(of: ["id", "slug"])
            let addresses = ["hostname", "private_ip", "public_ip"].filter(columns.contains)
            func column(_ name: String) -> String { columns.contains(name) ? "i.\(name)::text" : "NULL::text" }
            let rows = try await books.connection.query(
                """
                SELECT i.org_id::text AS organisation, \(named ? "o.slug::text" : "i.org_id::text") AS slug, \(column("instance_id")) AS instance, i.status::text AS status,
                    \(["hostname", "private_ip", "public_ip"].map { "\(column($0)) AS \($0)" }.joined(separator: ", "))
                FROM org_instances i \(named ? "LEFT JOIN organizations o ON o.id::text = i.org_id::text" : "") ORDER BY 2, 1, 3
                """)
            return Result(
                instances: try rows.map { row in
                    Instance(
                        organisation: try row.string("organisation"), slug: try row.optionalString("slug"), instance: try row.optionalString("instance").nonEmpty,
                        addresses: try addresses.compactMap { try row.optionalString($0).nonEmpty }, status: try row.string("status"))
                })
        }
    }
}

extension String? {
    fileprivate var nonEmpty: String? { flatMap { $0.isEmpty ? nil : $0 } }
}
