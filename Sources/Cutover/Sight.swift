/// What may be looked at, already bound to one tenant's host. Nothing reachable from it can write.
public struct Sight: Sendable {
    public let ref: StepRef
    public let time: any TimeSource
    /// What people have agreed to for this tenant, by the journal.
    public let consents: [Consent]
    /// When each step that stands verified was, by our clock.
    public internal(set) var verified: [StepID: Timestamp] = [:]
    let link: HostLink
    /// What was asked together, and how it was answered.
    var known: [Readings.One: HostAnswer] = [:]
    var knownHand: Result<HandReport, StepFailure>?

    public func ask<R: Reading>(_ operation: R) async throws(StepFailure) -> R.Result {
        if !known.isEmpty, let one = try? Readings.One(operation), let answer = known[one] {
            return try link.value(of: answer, for: R.self, changes: false)
        }
        return try await link.deliver(operation, as: .reading, once: nil, id: link.readingID(for: ref))
    }

    /// What the fleet file says about the tenant.
    public var labels: [String: String] { link.host.labels }

    /// The same sight on one of the fleet's hosts that are no tenants. Each tenant has a folder of its own there, and its own fence.
    public func at(_ host: String) throws(StepFailure) -> Sight {
        Sight(ref: ref, time: time, consents: consents, verified: verified, link: try link.at(host))
    }

    /// The other tenants of the fleet, and the same sight on the host of each: for what two of them must not share.
    public var neighbours: [(tenant: TenantID, sight: Sight)] {
        link.neighbours().map { host, transport in
            let ref = StepRef(tenant: host.id, phase: ref.phase, step: ref.step)
            let link = HostLink(
                transport: transport, host: host, journal: link.journal, fence: 0, ref: ref, timeoutSeconds: link.timeoutSeconds, others: link.others)
            return (host.id, Sight(ref: ref, time: time, consents: [], link: link))
        }
    }

    /// Which build of the program stands on the host.
    public func hand() async throws(StepFailure) -> HandReport {
        if let knownHand { return try knownHand.get() }
        do { return try await link.transport.probeHand(on: link.host) } catch { throw link.failure(from: error, changedBefore: false) }
    }

    /// The command line that carries out `kind` on this tenant's host, for previews.
    public func commandLine(_ operationClass: OperationClass, _ kind: OperationKind) -> String {
        "cutoverctl host \(operationClass.rawValue) \(kind)   # on \(link.host.host), state \(link.host.state)"
    }
}

/// What a step may touch: a sight, and the hand.
public struct Site: Sendable {
    public let sight: Sight
    let operations: OperationSequence
    let spectator: Spectator
    let record: @Sendable (Evidence) async throws(StepFailure) -> Void

    public func ask<R: Reading>(_ operation: R) async throws(StepFailure) -> R.Result { try await sight.ask(operation) }

    public func carryOut<W: Writing>(_ operation: W) async throws(StepFailure) -> W.Result {
        try await deliver(operation, as: .writing, once: W.once)
    }

    public func exercise<X: Exercising>(_ operation: X) async throws(StepFailure) -> X.Result {
        try await deliver(operation, as: .exercising, once: nil)
    }

    private func deliver<Operation: HostOperation>(_ operation: Operation, as operationClass: OperationClass, once: Once?) async throws(StepFailure) -> Operation.Result {
        let id = await operations.next()
        let result = try await sight.link.deliver(operation, as: operationClass, once: once, id: id)
        if sight.link.isTenantsOwn { await operations.ended(id) }
        if operationClass == .writing { await operations.changedSomething() }
        return result
    }

    /// An operation's failure tells what that one left behind. Where others of the same attempt had been carried out before, something is there.
    func ofAttempt(_ failure: StepFailure) async -> StepFailure {
        guard failure.effect == .nothingChanged, await operations.hasChanged else { return failure }
        return StepFailure(failure.what, effect: .partlyChanged, next: failure.next)
    }

    /// With the newest operation that the tenant's own host has carried out in this attempt: the host must remember it.
    func remembered(in evidence: Evidence) async -> Evidence {
        guard let newest = await operations.newestEnded else { return evidence }
        return evidence.merging(Evidence([Standing.operationFact: newest.text]))
    }

    /// The same hand on one of the fleet's hosts that are no tenants.
    public func at(_ host: String) throws(StepFailure) -> Site { Site(sight: try sight.at(host), operations: operations, spectator: spectator, record: record) }

    /// Puts this build's program on the host.
    public func placeHand() async throws(StepFailure) -> HandReport {
        let report: HandReport
        do { report = try await sight.link.transport.placeHand(on: sight.link.host) } catch {
            throw sight.link.failure(from: error, changedBefore: true)
        }
        await operations.changedSomething()
        return report
    }

    public func removeHand() async throws(StepFailure) {
        do { try await sight.link.transport.removeHand(from: sight.link.host) } catch {
            throw sight.link.failure(from: error, changedBefore: true)
        }
        await operations.changedSomething()
    }

    /// Records progress in the journal.
    public func checkpoint(_ evidence: Evidence) async throws(StepFailure) { try await record(evidence) }
}

/// The ids of one attempt's operations: the hash of the event that started it, and an ordinal. And what has come of them so far.
actor OperationSequence {
    private let origin: String
    private var ordinal = 0
    private(set) var newestEnded: OperationID?
    /// Something that this attempt did may be there.
    private(set) var hasChanged = false

    init(origin: String) { self.origin = origin }

    func changedSomething() { hasChanged = true }

    func ended(_ id: OperationID) { newestEnded = id }

    func next() -> OperationID {
        defer { ordinal += 1 }
        return OperationID.derived(from: origin, ordinal: ordinal)
    }
}

extension OperationID {
    public static func derived(from eventHash: String, ordinal: Int) -> OperationID {
        OperationID(String(Digest.sha256("\(eventHash)#\(ordinal)").prefix(32)))
    }
}

/// One tenant's transport with everything a request needs.
struct HostLink: Sendable {
    let transport: any Transport
    let host: TenantHost
    let journal: JournalID
    let fence: Int
    var holder: String?
    let ref: StepRef
    let timeoutSeconds: Int
    /// The fleet's hosts that are no tenants, and how each is reached.
    let others: @Sendable (String) -> (TenantHost, any Transport)?
    /// The folder there for what is this tenant's; on its own host, that is all of the state folder.
    var statePath: String?
    /// What goes with every operation of a step to the tenant's own host.
    var accord: Accord?
    /// Where a host's word that goes beyond the step is left.
    var alarm = Alarm()
    /// The hosts of the other tenants.
    var neighbours: @Sendable () -> [(TenantHost, any Transport)] = { [] }

    /// The same journal, fence and step on another host.
    func at(_ name: String) throws(StepFailure) -> HostLink {
        guard let (there, transport) = others(name) else {
            throw StepFailure("the fleet file has no host \(name) under `hosts:`, or it cannot be reached", effect: .nothingChanged, next: "add it under `hosts:` in the fleet file")
        }
        return HostLink(
            transport: transport, host: there, journal: journal, fence: fence, holder: holder, ref: ref, timeoutSeconds: timeoutSeconds, others: others,
            statePath: "\(there.state)/for/\(host.id)")
    }

    var isTenantsOwn: Bool { statePath == nil }

    func readingID(for ref: StepRef) -> OperationID { OperationID("reading-\(ref.step)") }

    func deliver<Operation: HostOperation>(
        _ operation: Operation, as operationClass: OperationClass, once: Once?, id: OperationID
    ) async throws(StepFailure) -> Operation.Result {
        let answer = try await send(operation, as: operationClass, once: once, id: id, within: timeoutSeconds)
        return try value(of: answer, for: Operation.self, changes: operationClass != .reading)
    }

    /// Carries the operation there; answers what the host says of it, be it a refusal.
    func send<Operation: HostOperation>(
        _ operation: Operation, as operationClass: OperationClass, once: Once?, id: OperationID, within seconds: Int
    ) async throws(StepFailure) -> HostAnswer {
        let changes = operationClass != .reading
        let action: RemoteAction
        do {
            let request = HostRequest(
                id: id, kind: Operation.kind, operationClass: operationClass, once: once, tenant: ref.tenant, step: ref.place,
                journal: journal, fence: fence, envPath: host.env, statePath: statePath ?? host.state,
                payload: try CanonicalJSON.text(operation), holder: holder, accord: accord)
            action = RemoteAction(
                id: id, operationClass: operationClass, input: Array((try CanonicalJSON.text(request) + "\n").utf8), timeoutSeconds: seconds)
        } catch {
            throw StepFailure("the operation \(Operation.kind) cannot be written as JSON: \(error)", effect: .nothingChanged, next: "report this as a defect")
        }
        let result: ActionResult
        do { result = try await transport.run(action, on: host) } catch { throw failure(from: error, changedBefore: changes) }
        guard let answer = HostAnswer.parse(result.output), answer.id == id else {
            let detail = "\(host.host) gave no readable answer to \(Operation.kind) (exit code \(result.exitCode))"
            throw StepFailure(detail, effect: changes ? .unknown : .nothingChanged, next: "cutoverctl why \(host.id)")
        }
        if answer.status == .disagrees {
            let what = HostWords.taken(answer.failure?.what ?? "the host and the journal do not remember the same")
            await alarm.raise(what)
            throw StepFailure(what, effect: .nothingChanged, next: "cutoverctl why \(host.id)")
        }
        return answer
    }

    func value<Operation: HostOperation>(of answer: HostAnswer, for: Operation.Type, changes: Bool) throws(StepFailure) -> Operation.Result {
        switch answer.status {
        case .done:
            if let text = answer.result, HostWords.hasPlainNumbers(text), let value = try? CanonicalJSON.value(Operation.Result.self, from: text) { return value }
            throw StepFailure("\(host.host) answered \(Operation.kind) in a form this build does not know", effect: changes ? .unknown : .nothingChanged, next: "cutoverctl why \(host.id)")
        case .unknown:
            throw StepFailure("\(Operation.kind) was begun on \(host.host) and never recorded as ended", effect: .unknown, next: "cutoverctl why \(host.id)")
        case .failed, .refused, .disagrees:
            // Cleaned on the host as well, which knows its secrets; but it may have an older program.
            throw answer.failure.map { StepFailure(HostWords.taken($0.what), effect: $0.effect, next: HostWords.taken($0.next)) } ?? StepFailure("\(host.host) refused \(Operation.kind)", effect: .nothingChanged, next: "cutoverctl why \(host.id)")
        }
    }

    func failure(from error: TransportError, changedBefore changes: Bool) -> StepFailure {
        let unclear = changes && error.outcome == .sentOutcomeUnknown
        // What a host's login or a client said is anybody's word.
        return StepFailure("\(error.host): \(HostWords.taken(error.detail))", effect: unclear ? .unknown : .nothingChanged, next: "cutoverctl why \(host.id)")
    }
}
