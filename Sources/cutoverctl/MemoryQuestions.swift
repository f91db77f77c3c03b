import Cutover
import Phases

/// The lists of this migration that people look through and sign, asked of a tenant's host.
struct MemoryQuestions {
    let engine: Engine

    func exceptions(of tenant: TenantID) async throws -> ExceptionsReport {
        let list = try await engine.ask(ListExceptions(), of: tenant).get()
        let conflicts = try await engine.ask(ListConflicts(), of: tenant).get()
        return ExceptionsReport(
            tenant: tenant, counts: list.counts,
            exceptions: list.exceptions.map { .init(id: $0.id, side: $0.side, reason: $0.reason, detail: $0.detail, at: $0.at) },
            conflicts: conflicts.conflicts.map { .init(n: $0.n, id: $0.id, kind: $0.kind, v1: $0.v1, v2: $0.v2, at: $0.at) })
    }

    func access(of tenant: TenantID) async throws -> (gained: Int, lost: Int) {
        let change = try await engine.ask(AccessChange(), of: tenant).get()
        return (change.gained, change.lost)
    }
}
