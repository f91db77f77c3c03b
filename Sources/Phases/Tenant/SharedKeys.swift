import Cutover
import Foundation
import Host
import Postgres

/// What tells a tenant's memories from another's in one store: the ids of workspaces, of which namespaces are made, and of memories, by
/// which a record is overwritten wherever it lies.
enum TenantKey: String, Sendable, Codable, CaseIterable {
    case workspaces, memories

    /// Also what was carried already and has left the old table since.
    func ids(_ connection: PostgresConnection) async throws -> String {
        if self == .workspaces { return "SELECT id FROM public.workspaces" }
        var sources: [String] = []
        for table in ["public.agent_memories", "cutover.placed", "cutover.frozen"] where try await connection.there(table) { sources.append("SELECT id FROM \(table)") }
        return sources.isEmpty ? "SELECT NULL::uuid AS id WHERE false" : sources.joined(separator: " UNION ")
    }
}

/// A tenant's ids in their order, some thousand at a time, 32 hexadecimal digits each.
struct TenantKeys: ReadsOnHost {
    static let kind: OperationKind = "tenant.keys"
    static let page = 5000
    struct Result: Sendable, Codable {
        let ids: String
        let last: String?
    }
    let of: TenantKey
    let after: String?

    func read(_ host: HostSight) async throws -> Result {
        try await host.looking { connection in
            let rows = try await connection.query(
                "SELECT replace(id::text, '-', '') AS id FROM (\(of.ids(connection))) k WHERE $1::uuid IS NULL OR id > $1::uuid ORDER BY k.id LIMIT \(Self.page)", [after.map { .text($0) }])
            let ids = try rows.map { try $0.string("id") }
            return Result(ids: ids.joined(), last: ids.count < Self.page ? nil : ids.last)
        }
    }
}

/// Which of another tenant's ids this one has as well.
struct KnownKeys: ReadsOnHost {
    static let kind: OperationKind = "tenant.known"
    struct Result: Sendable, Codable {
        let count: Int
        let some: [String]
    }
    let of: TenantKey
    let ids: String

    func read(_ host: HostSight) async throws -> Result {
        try await host.looking { connection in
            let rows = try await connection.query(
                """
                SELECT k.id::text AS id, count(*) OVER () AS total FROM (\(of.ids(connection))) k
                WHERE k.id IN (SELECT substr($1, n * 32 + 1, 32)::uuid FROM generate_series(0, length($1) / 32 - 1) n) ORDER BY k.id LIMIT 5
                """, [.text(ids)])
            return Result(count: try rows.first?.int("total") ?? 0, some: try rows.map { try $0.string("id") })
        }
    }
}

extension Gate {
    /// In one store for many tenants an id that two of them have would let one read what is the other's, or take it away.
    ///
    /// A tenant without our program cannot be asked; it asks about this one when its own turn comes.
    static let sharesNoKeys = Gate("no other tenant has the same workspaces or memories") { sight in
        do throws(StepFailure) {
            var (asked, later) = (0, 0)
            for (tenant, there) in sight.neighbours {
                guard try await there.hand() != .absent else {
                    later += 1
                    continue
                }
                for key in TenantKey.allCases {
                    var after: String?
                    repeat {
                        let mine = try await sight.ask(TenantKeys(of: key, after: after))
                        let shared = try await there.ask(KnownKeys(of: key, ids: mine.ids))
                        if shared.count > 0 {
                            return .shut("\(tenant) has \(shared.count) of the same \(key.rawValue): \(shared.some.joined(separator: ", "))")
                        }
                        after = mine.last
                    } while after != nil
                }
                asked += 1
            }
            return .open(facts(["tenantsAsked": asked, "askThemselvesLater": later]))
        } catch { return .unknown(error.what) }
    }
}
