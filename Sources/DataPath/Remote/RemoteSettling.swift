import Foundation
import Postgres

/// What the two transactions of the http lane write: before anything is sent, and once it is known what came of it.
struct RemoteSettling: Sendable {
    let sql: RemoteSQL

    /// Notes what is about to be sent; what needs no sending is settled here.
    func note(_ plan: [RemotePlan], _ connection: PostgresConnection) async throws {
        let errands = plan.compactMap(\.errand)
        if !errands.isEmpty {
            try await connection.prepared(sql.send, [.uuids(errands.map(\.id)), .texts(errands.map(\.queue))])
        }
        let settled = plan.filter { $0.errand == nil }
        if settled.isEmpty { return }
        try await consume(settled.flatMap(\.seqs), connection)
        try await place(settled.map { ($0.id, $0.placed.state, $0.placed.digest, $0.placed.namespace) }, connection)
        let listed = settled.compactMap { one -> Listed? in
            if one.isProbe { return nil }
            if let reason = one.reason { return (one.id, reason, one.credential ?? "", false) }
            return one.placed.state == "live" ? one.credential.map { (one.id, ExceptionRules.credential, $0, true) } : nil
        }
        try await list(listed, connection)
        let listedIDs = Set(listed.map(\.0))
        // Nothing was asked of the plugin: what it has of a row is not known to have changed.
        try await close("exceptions", settled.map(\.id).filter { !listedIDs.contains($0) }, connection, keeping: ChangedInPlugin.reasons)
    }

    /// Consumes exactly the entries each errand had seen, unless v1 has moved on meanwhile: then it is looked at again.
    func settle(_ ended: [Errandry], _ connection: PostgresConnection) async throws -> LookCounts {
        var counts = LookCounts()
        let present = try await present(ended.map(\.errand.id), connection)
        let current = ended.filter { one in
            if case .notNow = one.end { return false }
            guard let digest = one.errand.sentDigest else { return one.errand.reason != nil || present[one.errand.id] == nil }
            return present[one.errand.id] == digest
        }
        counts.postponed = ended.count - current.count
        if current.isEmpty { return counts }
        try await record(current, connection)
        try await consume(current.flatMap(\.errand.seqs), connection)
        var placed: [(UUID, String, String?, String?)] = []
        var listed: [Listed] = []
        var unproven: [UUID] = []
        for one in current {
            let errand = one.errand
            let before = (errand.id, errand.agreed == nil ? "gone" : errand.isParked ? "conflict" : "live", errand.agreed?.digest, errand.agreed?.namespace)
            switch one.end {
            case .proven:
                if case .put(let record) = errand.task { placed.append((errand.id, "live", record.digest, record.namespace)) } else { placed.append((errand.id, "gone", nil, nil)) }
                if let reason = errand.reason { listed.append((errand.id, reason, errand.credential ?? "", false)) } else if let kind = errand.credential { listed.append((errand.id, ExceptionRules.credential, kind, true)) }
                counts.written += 1
            case .conflict:
                placed.append((errand.id, "conflict", errand.agreed?.digest, errand.agreed?.namespace))
                counts.conflicts += 1
            case .excepted(let reason, let detail, let mayLieThere):
                placed.append(before)
                listed.append((errand.id, reason, detail, false))
                if mayLieThere { unproven.append(errand.id) }
                counts.exceptions += 1
            case .notNow: break
            }
        }
        try await place(placed, connection)
        try await list(listed, connection)
        let listedIDs = Set(listed.map(\.0))
        try await close("exceptions", current.map(\.errand.id).filter { !listedIDs.contains($0) }, connection)
        if !unproven.isEmpty { try await connection.prepared("UPDATE \(sql.schema).sent SET state = 'unproven' WHERE id = ANY ($1::uuid[])", [.uuids(unproven)]) }
        let kept = Set(unproven)
        try await connection.prepared(
            "DELETE FROM \(sql.schema).sent WHERE id = ANY ($1::uuid[])", [.uuids(current.map(\.errand.id).filter { !kept.contains($0) })])
        try await count(current, connection)
        counts.looked = current.count
        return counts
    }

    // MARK: - Non public

    /// Id, reason, detail, and whether it was carried all the same.
    private typealias Listed = (UUID, String, String, Bool)

    private func present(_ ids: [UUID], _ connection: PostgresConnection) async throws -> [UUID: String] {
        var digests: [UUID: String] = [:]
        for row in try await connection.prepared(sql.present, [.uuids(ids)]) { digests[try row.uuid("id")] = try row.optionalString("a") }
        return digests
    }

    private func consume(_ seqs: [Int], _ connection: PostgresConnection) async throws {
        if seqs.isEmpty { return }
        try await connection.prepared("DELETE FROM \(sql.schema).change_log WHERE seq = ANY ($1::bigint[])", [.ints(seqs)])
    }

    private func place(_ some: [(UUID, String, String?, String?)], _ connection: PostgresConnection) async throws {
        if some.isEmpty { return }
        try await connection.prepared(sql.place, [.uuids(some.map(\.0)), .texts(some.map(\.1)), .texts(some.map(\.2)), .texts(some.map(\.3))])
    }

    private func list(_ some: [Listed], _ connection: PostgresConnection) async throws {
        if some.isEmpty { return }
        try await connection.query(
            sql.list, [.uuids(some.map(\.0)), .texts(some.map(\.1)), .texts(some.map { $0.2.isEmpty ? nil : $0.2 }), .texts(some.map { $0.3 ? "t" : "f" })])
    }

    private func close(_ table: String, _ ids: [UUID], _ connection: PostgresConnection, keeping reasons: [String] = []) async throws {
        if ids.isEmpty { return }
        let but = reasons.isEmpty ? "" : " AND reason NOT IN (\(reasons.map(literal).joined(separator: ", ")))"
        try await connection.prepared("UPDATE \(sql.schema).\(table) SET closed = now() WHERE closed IS NULL AND id = ANY ($1::uuid[])\(but)", [.uuids(ids)])
    }

    /// Conflicts, and what was overwritten or forgotten in the store though v1 had not known it. Before `placed` changes: its digest is their base.
    private func record(_ current: [Errandry], _ connection: PostgresConnection) async throws {
        try await close("conflicts", current.map(\.errand.id), connection)
        let records = current.compactMap { one -> (UUID, String, String?)? in
            if case .conflict = one.end { return (one.errand.id, "conflict", one.kept?.json) }
            guard case .proven = one.end, let kept = one.kept else { return nil }
            return (one.errand.id, "forget", kept.json)
        }
        if records.isEmpty { return }
        try await connection.query(sql.record, [.uuids(records.map(\.0)), .texts(records.map(\.1)), .texts(records.map(\.2))])
    }

    private func count(_ current: [Errandry], _ connection: PostgresConnection) async throws {
        for (what, isIt) in [("overwritten-unread", true), ("forgotten-unread", false)] {
            let n = current.count { $0.unread && ($0.errand.sentDigest != nil) == isIt }
            if n > 0 { try await connection.query(sql.count, [.text(what), .int(n)]) }
        }
    }
}
