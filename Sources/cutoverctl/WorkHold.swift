import Cutover
import Phases

/// A hold reaches a copy or an archive that is under way: on the host it goes on by itself, whatever becomes of its caller.
struct WorkHold {
    let site: Wiring.Site
    let console: Console

    /// - Parameter by: who holds it, and why; nil lets it go on: a copy where it was, an archive from the beginning.
    func set(_ tenant: TenantID, by: String?, reason: String) async throws {
        guard let work = try await underWay(tenant) else { return }
        switch try await site.engine.adjust(tenant, HoldCopy(by: by), reason: reason) {
        case .success: console.note("\(tenant): \(by == nil ? "\(work) goes on" : "\(work) stops at its next chunk")")
        case .failure(let failure): console.note("\(tenant): its host could not be told, so \(work) under way \(by == nil ? "still rests" : "runs on"): \(failure.what)")
        }
    }

    private func underWay(_ tenant: TenantID) async throws -> String? {
        let standing = try await site.engine.standing(of: tenant)
        for step in site.plan.steps {
            guard case .inDoubt = standing.position(of: step.id) else { continue }
            if step.spec.kind == "backfill.copy" { return "the copy" }
            if step.spec.kind == "legacy.archive" { return "the archive" }
        }
        return nil
    }
}
