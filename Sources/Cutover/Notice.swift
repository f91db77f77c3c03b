/// What of an event people may want to be told of.
public struct Notice: Sendable, Codable, Equatable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case stepFailed = "step-failed"
        /// A step's outcome is not known.
        case outcomeUnknown = "outcome-unknown"
        /// A gate is shut that only a person can open, or something wants a consent.
        case waitsForPerson = "waits-for-person"
        case held, released, quarantined, abandoned
        /// A finished step is gone, or is back.
        case drift
        /// A wait's clock began anew: a safety fact was broken.
        case clockReset = "clock-reset"
        case waveOpened = "wave-opened"
        case tenantDone = "tenant-done"
        case fleetDone = "fleet-done"
    }

    /// The same for the same thing, whoever tells it and however often: by it receivers know what they were told already.
    public let id: String
    public let kind: Kind
    public let plan: String
    public let tenant: TenantID?
    /// Its place, such as `A1/env.wire`.
    public let step: String?
    public let at: String
    public let by: String
    public let text: String
    /// What to type.
    public let next: String

    public init(id: String, kind: Kind, plan: String, tenant: TenantID?, step: String?, at: String, by: String, text: String, next: String) {
        self.id = id
        self.kind = kind
        self.plan = plan
        self.tenant = tenant
        self.step = step
        self.at = at
        self.by = by
        self.text = text
        self.next = next
    }
}

/// From events to notices. By the journal alone, so that any process comes to the same ones.
extension Engine {
    /// Mostly there is nothing to be told.
    public func notices(of event: Event) async throws(EngineError) -> [Notice] {
        if event.stream == .fleet { return fleetNotices(event) }
        let tenant = TenantID(event.stream.text)
        guard fleet.host(of: tenant) != nil else { return [] }
        let draft = Draft(event: event, plan: plan.name, tenant: tenant)
        switch event.change {
        case .failed(let ref, let failure): return [draft.notice(.stepFailed, ref, "failed: \(failure.what)", next: failure.next)]
        case .becameUnknown(let ref, let detail):
            // Asked again and again, it is the same doubt as long as nothing is begun anew.
            let attempt = try await standing(of: tenant).attempts(of: ref.step)
            return [draft.notice(.outcomeUnknown, ref, "its outcome is not known: \(detail)", id: "unknown \(ref) \(attempt)")]
        case .gateAssessed(let ref, let claim, .shut(let why)):
            guard let command = try await command(clearing: claim, of: ref) else { return [] }
            return [draft.notice(.waitsForPerson, ref, "waits for a person: \(claim): \(why)", next: command)]
        case .held(let reason): return [draft.notice(.held, nil, "held by \(event.by): \(reason)", next: "cutoverctl release \(tenant) --reason TEXT")]
        case .released(let reason): return [draft.notice(.released, nil, "released by \(event.by): \(reason)")]
        case .quarantined(let reason): return [draft.notice(.quarantined, nil, "quarantined: \(reason)")]
        case .abandoned(let ref, let reason, _): return [draft.notice(.abandoned, ref, "given up by \(event.by): \(reason)")]
        case .rechecked(let ref, let finding):
            let text = finding.isInPlace ? "in place again" : "no longer as it was left: \(finding.isAbsent ? "it is gone" : "half of it is gone")"
            return [draft.notice(.drift, ref, text, next: "cutoverctl check \(tenant)")]
        case .clockRead(let ref, _, let stretches, _):
            return stretches.filter { $0.kind == .reset }.map { stretch in
                // A stretch that grew is told again under its number.
                draft.notice(.clockReset, ref, "its clock began anew at \(stretch.from): \(stretch.detail)", id: "reset \(ref) \(stretch.first) \(stretch.from)")
            }
        case .verified(let ref, .inPlace): return try await notices(afterVerifying: ref, draft)
        default: return []
        }
    }

    // MARK: - Non public

    private struct Draft {
        let event: Event
        let plan: String
        let tenant: TenantID?

        func notice(_ kind: Notice.Kind, _ ref: StepRef?, _ what: String, id: String? = nil, next: String? = nil) -> Notice {
            let subject = ref?.description ?? tenant?.text
            let text = HostWords.cut(HostWords.plain(subject.map { "\($0): \(what)" } ?? what), to: 2000)
            return Notice(
                id: id ?? event.hash, kind: kind, plan: plan, tenant: tenant, step: ref?.place, at: event.at.description, by: event.by.text, text: text,
                next: next ?? tenant.map { "cutoverctl why \($0)" } ?? "cutoverctl status")
        }
    }

    private func fleetNotices(_ event: Event) -> [Notice] {
        let draft = Draft(event: event, plan: plan.name, tenant: nil)
        func scope(_ wave: String?) -> String { wave.map { "wave \($0)" } ?? "the fleet" }
        switch event.change {
        case .fleetHeld(let wave, let reason):
            let next = "cutoverctl release \(wave.map { "--wave \($0)" } ?? "--all") --reason TEXT"
            return [draft.notice(.held, nil, "\(scope(wave)) is held by \(event.by): \(reason)", next: next)]
        case .fleetReleased(let wave, let reason): return [draft.notice(.released, nil, "\(scope(wave)) was released by \(event.by): \(reason)")]
        case .waveOpened(let name, let tenants): return [draft.notice(.waveOpened, nil, "wave \(name) has opened, with \(tenants.count) tenants")]
        default: return []
        }
    }

    private func notices(afterVerifying ref: StepRef, _ draft: Draft) async throws(EngineError) -> [Notice] {
        if ref.step == plan.steps.last?.id {
            var notices = [draft.notice(.tenantDone, nil, "done: every step is verified", next: "cutoverctl check \(ref.tenant)")]
            if try await isDone() {
                let fleet = Draft(event: draft.event, plan: plan.name, tenant: nil)
                // Several may come to their end together: the fleet comes to it once.
                notices.append(fleet.notice(.fleetDone, nil, "the fleet is done: every tenant has every step verified", id: "fleet done \(plan.digest)"))
            }
            return notices
        }
        // A step that can't be undone asks for its consent without an event of its own.
        guard case .askConsent(let next) = try await standing(of: ref.tenant).decide(under: plan, catalog: catalog) else { return [] }
        let command = "cutoverctl approve \(ref.tenant) \(next.place) --reason TEXT --confirm \(ref.tenant)"
        return [draft.notice(.waitsForPerson, next, "waits for a person: it can't be undone and wants a consent", next: command)]
    }

    private func isDone() async throws(EngineError) -> Bool {
        let lines: [TenantStatus]
        do { lines = try await journal.statuses() } catch { throw .journal(error) }
        let over = Set(lines.filter { $0.state == .done || $0.abandoned?.contains { $0.step == nil } == true }.map(\.tenant))
        return fleet.tenants.allSatisfy { over.contains($0.id) }
    }

    /// Nil where time may open it, or nobody knows the gate any more.
    private func command(clearing claim: String, of ref: StepRef) async throws(EngineError) -> String? {
        if claim == Standing.personClaim { return "cutoverctl why \(ref.tenant)" }
        guard let planned = plan.steps.first(where: { $0.id == ref.step }), let step = catalog.make(planned, in: plan) else { return nil }
        let gate = try await gates(of: step, planned, try await standing(of: ref.tenant)).first { $0.claim == claim }
        guard case .person(let command)? = gate?.naming(ref.tenant) else { return nil }
        return command
    }
}
