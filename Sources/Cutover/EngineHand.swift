/// A step that puts the program which carries out operations on a tenant's host. Opened by the engine when a newer build comes along.
public protocol PlacesHand: ReversibleStep {
    /// The digest of the program that stood there when the step was verified.
    func build(in verified: Evidence) -> String?
}

public enum HandRenewal: Sendable, Equatable {
    /// The step that puts it there was opened, to be done anew.
    case opened(StepRef)
    /// This build stood there once, and another program does now: that stays.
    case goneOn(from: StepRef)
}

/// Tenants are under way for longer than a build of the program lasts.
extension Engine {
    /// Opens the step that puts the program on the tenant's host if another build than this one stands there; the next advance does it anew.
    /// Builds have no order of their own: one that the journal knows of stays behind. Nil where nothing is to be done, or to be known.
    public func renewHand(_ tenant: TenantID) async throws(EngineError) -> HandRenewal? {
        let found = try await renewal(tenant, try await open(tenant, holder: nil))
        guard case .opened(let ref) = found else { return found }

        let ledger = try await open(tenant, holder: holder)
        do {
            let goes = await goesOn(await ledger.standing, ref)
            if goes {
                let finding = Finding.partial(Evidence(["trouble": "another build"]))
                try await record([.reopened(reason: "another build of the program goes on with the tenant"), .verified(ref, finding)], ledger)
            }
            await ledger.close()
            return goes ? .opened(ref) : nil
        } catch {
            await ledger.close()
            throw error
        }
    }

    /// The plan's step that puts the program on hosts.
    public var handStep: PlannedStep? { plan.steps.first { catalog.make($0, in: plan)?.base is any PlacesHand } }

    /// What `renewHand` would do, and changes nothing.
    func renewal(_ tenant: TenantID, _ seen: Ledger) async throws(EngineError) -> HandRenewal? {
        guard let (ref, step) = try hand(of: tenant), await goesOn(await seen.standing, ref) else { return nil }
        let link = try link(for: ref, journal: await seen.journalID, fence: await seen.fence)
        let own: Set<String>
        do { own = try await link.transport.handSuccessors(on: link.host) } catch { return nil }
        if own.isEmpty { return nil }
        return try await builds(of: ref, step).contains(where: own.contains) ? .goneOn(from: ref) : .opened(ref)
    }

    // MARK: - Non public

    private func hand(of tenant: TenantID) throws(EngineError) -> (StepRef, any PlacesHand)? {
        guard let planned = handStep, let step = catalog.make(planned, in: plan)?.base as? any PlacesHand else { return nil }
        return (planned.ref(for: tenant), step)
    }

    /// Verified, with something still to come and nothing in the way.
    private func goesOn(_ standing: Standing, _ ref: StepRef) async -> Bool {
        do { if try await obstacle(standing) != nil { return false } } catch { return false }
        guard standing.direction == .forward, standing.position(of: ref.step) == .verified else { return false }
        switch standing.decide(under: plan, catalog: catalog) {
        case .stop, .finished, .settled, .adoptPlan, .revert: return false
        default: return true
        }
    }

    /// Every one that was found there in its time.
    private func builds(of ref: StepRef, _ step: any PlacesHand) async throws(EngineError) -> [String] {
        let events: [Event]
        do { events = try await journal.events(in: StreamID(ref.tenant.text), after: 0) } catch { throw .journal(error) }
        return events.compactMap { event in
            guard case .verified(ref, .inPlace(let facts)) = event.change else { return nil }
            return step.build(in: facts)
        }
    }
}
