public import Cutover

/// Carries operations to hosts that are values in memory. Each keeps the rules of a real one: a fence never falls,
/// what was done is not done again, an unrepeatable operation is begun once. Mishaps come when the test asks for them.
public actor ScriptedTransport: Transport {
    public enum Mishap: Sendable, Equatable {
        /// The host was never reached, and we know it.
        case neverSent
        /// Lost on the way there: nothing happened, but we can't know.
        case lostRequest
        /// Done; the answer was lost.
        case lostAnswer
        /// The transport delivered it twice under its one id.
        case deliveredTwice
        /// Done; the answer came back damaged.
        case garbledAnswer
        /// Begun, and the host went down before it could record the end.
        case hostDied
    }

    public struct Host: Sendable {
        public var things: ScriptedOperations.Things = [:]
        public var highestFence = 0
        /// The journal that it belongs to; nil before its first operation.
        public var bound: JournalID?
        public var hand: HandReport = .absent
        /// False for a program from before several readings could come in one request.
        public var takesSeveral = true
        /// Why its ledger and its database do not remember the same, if they don't.
        public var disagreement: String?
        /// Every delivery, in order, readings included.
        public var received: [HostRequest] = []
        var begun: Set<OperationID> = []
        /// What the journal remembered when it began.
        var before: OperationID?
        var answers: [OperationID: HostAnswer] = [:]
    }

    private let operations: ScriptedOperations
    private let newThings: ScriptedOperations.Things
    private var hosts: [TenantID: Host] = [:]
    private var mishaps: [OperationKind: [Mishap]] = [:]
    private var interludes: [OperationKind: @Sendable (HostRequest) async -> Void] = [:]

    /// - Parameter things: what stands on every host at the beginning.
    public init(_ operations: ScriptedOperations, things: ScriptedOperations.Things = [:]) {
        self.operations = operations
        self.newThings = things
    }

    public func host(_ tenant: TenantID) -> Host {
        hosts[tenant] ?? Host(things: newThings)
    }

    public func change(_ tenant: TenantID, _ body: @Sendable (inout Host) -> Void) {
        var changed = host(tenant)
        body(&changed)
        hosts[tenant] = changed
    }

    /// The next deliveries of `kind`, on whichever host, meet these mishaps, one each.
    public func plan(_ mishaps: Mishap..., for kind: OperationKind) { self.mishaps[kind, default: []] += mishaps }

    /// Runs before the next delivery of `kind` is acted upon, while its sender waits.
    public func during(_ kind: OperationKind, _ interlude: @escaping @Sendable (HostRequest) async -> Void) { interludes[kind] = interlude }

    /// The deliveries of `kind` to `tenant`.
    public func requests(of kind: OperationKind, to tenant: TenantID) -> [HostRequest] { host(tenant).received.filter { $0.kind == kind } }

    public func run(_ action: RemoteAction, on target: TenantHost) async throws(TransportError) -> ActionResult {
        let text = String(decoding: action.input, as: UTF8.self)
        guard let request = try? CanonicalJSON.value(HostRequest.self, from: text) else {
            return ActionResult(exitCode: 64, output: "", errors: "not a request")
        }
        // What befalls one that rides with others befalls them all.
        let kinds = [request.kind] + several(request).map(\.kind)
        for interlude in kinds.compactMap({ interludes.removeValue(forKey: $0) }) { await interlude(request) }
        var mishap: Mishap?
        for kind in kinds where mishap == nil { mishap = nextMishap(kind) }
        let lost = TransportError(host: target.host, outcome: .sentOutcomeUnknown, detail: "the connection broke")
        switch mishap {
        case .neverSent: throw TransportError(host: target.host, outcome: .neverSent, detail: "no route to the host")
        case .lostRequest: throw lost
        case .hostDied:
            change(target.id) { host in
                host.received.append(request)
                host.begun.insert(request.id)
            }
            throw lost
        default: break
        }
        var answer = deliver(request, to: target.id)
        if mishap == .deliveredTwice { answer = deliver(request, to: target.id) }
        if mishap == .lostAnswer { throw lost }
        let line = (try? answer.line()) ?? ""
        let output = mishap == .garbledAnswer ? String(line.dropLast(3)) : line
        return ActionResult(exitCode: answer.status == .refused ? 75 : 0, output: output, errors: "")
    }

    public func probeHand(on target: TenantHost) async throws(TransportError) -> HandReport { host(target.id).hand }

    public func placeHand(on target: TenantHost) async throws(TransportError) -> HandReport {
        change(target.id) { $0.hand = .present(digest: "scripted", isThisBuild: true) }
        return .present(digest: "scripted", isThisBuild: true)
    }

    public func handSuccessors(on target: TenantHost) async throws(TransportError) -> Set<String> {
        if case .present(_, isThisBuild: false) = host(target.id).hand { ["scripted"] } else { [] }
    }

    public func removeHand(from target: TenantHost) async throws(TransportError) { change(target.id) { $0.hand = .absent } }

    // MARK: - Non public

    private func nextMishap(_ kind: OperationKind) -> Mishap? {
        guard let first = mishaps[kind]?.first else { return nil }
        mishaps[kind]?.removeFirst()
        return first
    }

    private func deliver(_ request: HostRequest, to tenant: TenantID) -> HostAnswer {
        var host = host(tenant)
        defer { hosts[tenant] = host }
        host.received.append(request)
        if let why = disagreement(request, host) {
            return HostAnswer(id: request.id, status: .disagrees, failure: StepFailure(why, effect: .nothingChanged, next: "cutoverctl why \(request.tenant)"))
        }
        if let own = own(request, &host) { return own }
        if request.kind == Readings.kind, host.takesSeveral {
            let answers = several(request).map { one -> HostAnswer in
                guard let handler = operations.handler(for: one.kind) else { return refusal(request, "no operation is called \(one.kind)") }
                return carryOut(handler, request, one.payload, &host.things)
            }
            return HostAnswer(id: request.id, status: .done, result: try? CanonicalJSON.text(answers))
        }
        guard let handler = operations.handler(for: request.kind) else {
            return refusal(request, "no operation is called \(request.kind)")
        }
        guard request.operationClass != .reading else { return carryOut(handler, request, request.payload, &host.things) }
        if let known = host.answers[request.id] { return known }
        guard request.fence >= host.highestFence else {
            return refusal(request, "fence \(request.fence) is stale: \(host.highestFence) has been seen")
        }
        if let bound = host.bound, bound != request.journal { return refusal(request, "this host belongs to journal \(bound)") }
        host.bound = request.journal
        host.highestFence = request.fence
        if request.once == .unrepeatable, host.begun.contains(request.id) { return HostAnswer(id: request.id, status: .unknown) }
        if host.begun.isEmpty { host.before = request.accord?.remembers }
        host.begun.insert(request.id)
        let answer = carryOut(handler, request, request.payload, &host.things)
        host.answers[request.id] = answer
        return answer
    }

    /// A host that has carried nothing out yet contradicts nobody, nor does one of which the journal has recorded nothing since.
    private func disagreement(_ request: HostRequest, _ host: Host) -> String? {
        guard let accord = request.accord, !host.begun.isEmpty else { return nil }
        if let bound = host.bound, bound != request.journal { return "the host belongs to journal \(bound), and journal \(request.journal) asks" }
        if let known = accord.remembers, known != host.before, host.answers[known] == nil { return "the journal remembers operation \(known), and the host does not" }
        return host.disagreement
    }

    /// What every host answers, whatever it is about.
    private func own(_ request: HostRequest, _ host: inout Host) -> HostAnswer? {
        switch request.kind {
        case ReadHostLedger.kind:
            let ledger = ReadHostLedger.Result(journal: host.bound, fence: host.highestFence, disagreement: host.disagreement)
            return HostAnswer(id: request.id, status: .done, result: try? CanonicalJSON.text(ledger))
        case TakeHostOver.kind where request.fence >= host.highestFence:
            let was = TakeHostOver.Result(was: host.disagreement ?? "in accord")
            host.highestFence = request.fence
            host.bound = request.journal
            host.disagreement = nil
            host.answers[request.id] = HostAnswer(id: request.id, status: .done, result: try? CanonicalJSON.text(was))
            return host.answers[request.id]
        default: return nil
        }
    }

    /// What rides in a request that carries several readings.
    private func several(_ request: HostRequest) -> [Readings.One] {
        guard request.kind == Readings.kind else { return [] }
        return (try? CanonicalJSON.value(Readings.self, from: request.payload).asked) ?? []
    }

    private func carryOut(_ handler: ScriptedOperations.Handler, _ request: HostRequest, _ payload: String, _ things: inout ScriptedOperations.Things) -> HostAnswer {
        switch handler(payload, &things) {
        case .success(let result): HostAnswer(id: request.id, status: .done, result: result)
        case .failure(let failure): HostAnswer(id: request.id, status: .failed, failure: failure)
        }
    }

    private func refusal(_ request: HostRequest, _ what: String) -> HostAnswer {
        let failure = StepFailure("refused: \(what)", effect: .nothingChanged, next: "cutoverctl why \(request.tenant)")
        return HostAnswer(id: request.id, status: .refused, failure: failure)
    }
}
