import Cutover
import Phases

/// The lists of this migration that people look through and sign, asked of a tenant's host.
struct MemoryQuestions {
    let engine: Engine
    /// What the plan moves.
    private var table: LegacyTable { LegacyTable.of(engine.plan)[0] }

    func exceptions(of tenant: TenantID) async throws -> ExceptionsReport {
        let list = try await engine.ask(ListExceptions(table: table), of: tenant).get()
        return ExceptionsReport(
            tenant: tenant, counts: list.counts,
            exceptions: list.exceptions.map { .init(id: $0.id, side: $0.side, reason: $0.reason, detail: $0.detail, carried: $0.carried, at: $0.at) },
            conflicts: try await conflicts(of: tenant, kept: false))
    }

    /// The texts that a forget overran.
    func kept(of tenant: TenantID) async throws -> ExceptionsReport {
        ExceptionsReport(tenant: tenant, counts: [:], exceptions: [], conflicts: try await conflicts(of: tenant, kept: true))
    }

    private func conflicts(of tenant: TenantID, kept: Bool) async throws -> [ExceptionsReport.Conflict] {
        try await engine.ask(ListConflicts(table: table, kept: kept), of: tenant).get().conflicts.map {
            .init(n: $0.n, id: $0.id, kind: $0.kind, v1: $0.v1, v2: $0.v2, v1Digest: $0.v1Digest, v2Digest: $0.v2Digest, at: $0.at)
        }
    }

    /// What of the changes since the freeze wants a signature, signed or not.
    func changes(of tenant: TenantID) async throws -> [ReadChanges.Result.Red] {
        try await engine.ask(ReadChanges(plan: engine.plan), of: tenant).get().red
    }

    /// What the watch told last, if the host answers within a few seconds: nice to know, and not worth waiting for.
    func progress(of tenant: TenantID) async -> WatchProgress.Result? {
        try? await engine.asking(within: 5).ask(WatchProgress(table: table), of: tenant).get()
    }

    func findings(of tenant: TenantID) async -> WatchFindings.Result? {
        try? await engine.asking(within: 5).ask(WatchFindings(table: table), of: tenant).get()
    }

    func access(of tenant: TenantID, back: Bool = false) async throws -> AccessReport {
        let change = try await engine.ask(AccessChange(back: back), of: tenant).get()
        return AccessReport(
            tenant: tenant, back: back, gained: change.gained, lost: change.lost,
            counts: change.counts.map { .init(scope: $0.scope, role: $0.role, kept: $0.kept, gained: $0.gained, lost: $0.lost) },
            examples: change.examples.map(AccessReport.Pair.init))
    }

    /// A page at a time, so that it takes no more memory for a large tenant.
    func eachAccessPair(of tenant: TenantID, back: Bool, _ body: (AccessReport.Pair) throws -> Void) async throws {
        let rows = 20_000
        var last: AccessPair?
        while true {
            let page = try await engine.ask(AccessPairs(back: back, after: last, limit: rows), of: tenant).get()
            for pair in page { try body(AccessReport.Pair(pair)) }
            if page.count < rows { return }
            last = page.last
        }
    }
}

extension AccessReport.Pair {
    init(_ pair: AccessPair) {
        self.init(reader: pair.reader, memory: pair.memory, scope: pair.scope, role: pair.role, gained: pair.gained)
    }
}
