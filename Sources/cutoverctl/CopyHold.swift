import Cutover
import Phases

/// A hold reaches a copy that is under way: on the host it goes on by itself, whatever becomes of its caller.
struct CopyHold {
    let site: Wiring.Site
    let console: Console

    /// - Parameter by: who holds it, and why; nil lets the copy go on where it was.
    func set(_ tenant: TenantID, by: String?, reason: String) async throws {
        guard try await isCopying(tenant) else { return }
        switch try await site.engine.adjust(tenant, HoldCopy(by: by), reason: reason) {
        case .success: console.note("\(tenant): \(by == nil ? "the copy goes on" : "the copy stops at its next chunk")")
        case .failure(let failure): console.note("\(tenant): its host could not be told, so the copy under way \(by == nil ? "still rests" : "runs on"): \(failure.what)")
        }
    }

    private func isCopying(_ tenant: TenantID) async throws -> Bool {
        let standing = try await site.engine.standing(of: tenant)
        return site.plan.steps.contains { step in
            guard step.spec.kind == "backfill.copy", case .inDoubt = standing.position(of: step.id) else { return false }
            return true
        }
    }
}
