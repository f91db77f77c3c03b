import Cutover

/// The control plane's books, kept on a host of the fleet file that is no tenant. Each tenant has a folder and a fence of its own there.
struct ControlPlane: Sendable, Equatable {
    let host: String

    func resource(_ sight: Sight) -> TenantResource { TenantResource(organisation: sight.labels["org"]) }

    /// Nil before our program stands there.
    func state(_ sight: Sight) async throws(StepFailure) -> ResourceState.Result? {
        let there = try sight.at(host)
        guard try await there.hand() != .absent else { return nil }
        return try await there.ask(ResourceState(resource: resource(sight)))
    }

    /// Shut for a tenant whose row could not be written: found out before anything is started.
    var gate: Gate {
        Gate("the control plane knows the tenant", waiving: .allowed) { sight in
            do throws(StepFailure) {
                guard let state = try await state(sight) else { return .open(Evidence(["program": "is put on \(host) first"])) }
                return state.organisation.map { .open(Evidence(["organisation": $0])) } ?? .shut(Self.unknown(sight))
            } catch { return .unknown(error.what) }
        }
    }

    /// Puts our program there, and sees that the tenant is known.
    func open(_ site: Site) async throws(StepFailure) {
        let there = try site.at(host)
        _ = try await there.placeHand()
        if try await there.ask(ResourceState(resource: resource(site.sight))).organisation == nil {
            throw StepFailure(Self.unknown(site.sight), effect: .nothingChanged, next: "cutoverctl fleet check")
        }
    }

    func note(_ there: Bool, _ site: Site) async throws(StepFailure) {
        let books = try site.at(host)
        if try await books.sight.hand() == .absent, !there { return }
        _ = try await books.carryOut(NoteResource(resource: resource(site.sight), there: there))
    }

    private static func unknown(_ sight: Sight) -> String { "the control plane has no organisation \(sight.ref.tenant), and the fleet file gives it no label org" }
}
