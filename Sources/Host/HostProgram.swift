import CrashPoints
import Cutover
import Foundation

/// What runs on a tenant's host: takes one request, answers one line.
public enum HostProgram {
    public static let staleFenceExit: Int32 = 75
    /// How long an operation waits for the one before it.
    static let lockSeconds = 120.0

    /// Carries out the request. The line is printed first on standard output; the exit code is 0 for done, 1 for failed,
    /// 6 for unknown, 75 for a stale fence, 64 for a request that is not one.
    public static func serve(operationClass: String, input: [UInt8], operations: HostOperationBook) async -> (line: String, exitCode: Int32) {
        guard let request = try? CanonicalJSON.value(HostRequest.self, from: String(decoding: input, as: UTF8.self)) else {
            return answer(refusal("unreadable", "standard input is not a host request", next: "cutoverctl host is run by cutoverctl, not by hand"), 64)
        }
        guard request.formatVersion == 1 else {
            return answer(refusal(request.id, "this build does not know request format \(request.formatVersion)", next: "cutoverctl revert \(request.tenant) --to start, then advance again with one build"), 64)
        }
        guard OperationLedger.isName(request.id) else { return answer(refusal("unreadable", "the request's id is none of ours", next: "cutoverctl host is run by cutoverctl, not by hand"), 64) }
        if let flaw = StateFolder.flaw(request.statePath) {
            return answer(refusal(request.id, flaw, next: "mend that on the host, or name another folder as the tenant's state: in the fleet file"), 1)
        }
        if request.kind == Readings.kind, request.operationClass == .reading, operationClass == OperationClass.reading.rawValue {
            return await several(request, operations)
        }
        guard let handler = operations.handlers[request.kind], handler.operationClass == request.operationClass,
            operationClass == request.operationClass.rawValue
        else {
            return answer(stranger(request, request.kind, operationClass), 64)
        }
        guard handler.once == request.once else {
            return answer(refusal(request.id, "\(request.kind) is \(handler.once?.rawValue ?? "not a writing operation") here, not \(request.once?.rawValue ?? "undeclared")", next: "put the same build on the host: cutoverctl advance \(request.tenant) --to host.prepare"), 64)
        }
        CrashPoint.carriesOut(request.kind.text)
        let hand = HostHand(
            sight: await .asking(tenant: request.tenant, statePath: request.statePath, envPath: request.envPath), operation: request.id,
            fence: request.fence, journal: request.journal)
        if request.operationClass == .reading {
            if let dissent = await dissent(request, hand.sight, operations) { return dissent }
            return await run(handler, request, hand)
        }
        do {
            return try await guarded(handler, request, hand, operations.accord)
        } catch {
            return answer(refusal(request.id, "\(error)", next: "cutoverctl why \(request.tenant)"), 1)
        }
    }

    private static func guarded(
        _ handler: HostOperationBook.Handler, _ request: HostRequest, _ hand: HostHand, _ accord: (any KeepsAccord)?
    ) async throws(HostFault) -> (line: String, exitCode: Int32) {
        try StateFolder.make(request.statePath)
        guard let lock = try await FileLock.take("\(request.statePath)/lock", within: lockSeconds) else {
            return answer(refusal(request.id, "another operation holds \(request.statePath)/lock", next: "cutoverctl why \(request.tenant)"), 1)
        }
        defer { withExtendedLifetime(lock) {} }
        let ledger = OperationLedger(statePath: request.statePath)
        // Before an answer from the ledger: the database may have lost what the ledger calls done.
        if let why = try await ledger.disagreement(request, accord, on: hand.sight) { return disagrees(request, why) }
        if let refused = try takenOver(request, ledger) { return answer(refusal(request.id, refused, next: "cutoverctl why \(request.tenant)"), 1) }
        switch try ledger.admit(request) {
        case .done(let earlier): return answer(earlier, 0)
        case .unknown: return answer(HostAnswer(id: request.id, status: .unknown), 6)
        case .staleFence(let highest):
            return answer(refusal(request.id, "fence \(request.fence) is stale: the host has seen \(highest)", next: "another operator is at work; cutoverctl status"), staleFenceExit)
        case .foreignJournal(let bound):
            return answer(refusal(request.id, "this host belongs to journal \(bound)", next: "use that journal, or take the host over: cutoverctl adopt \(request.tenant)"), 1)
        case .go: break
        }
        let (line, exitCode) = await run(handler, request, hand)
        guard exitCode == 0, let done = HostAnswer.parse(line) else { return (line, exitCode) }
        if request.accord != nil { await accord?.note(hand) }
        do { try ledger.finish(done) } catch {
            // It has acted. Told as a failure without effect, the controller would take the tenant for untouched.
            let failure = StepFailure("\(request.kind) was carried out and could not be recorded: \(error)", effect: .unknown, next: "cutoverctl why \(request.tenant)")
            return answer(HostAnswer(id: request.id, status: .failed, failure: failure), 6)
        }
        return (line, exitCode)
    }

    private static func run(_ handler: HostOperationBook.Handler, _ request: HostRequest, _ hand: HostHand) async -> (line: String, exitCode: Int32) {
        let outcome = await outcome(handler, request, hand)
        let exitCode: Int32 = outcome.status == .done ? 0 : outcome.failure?.effect == .unknown ? 6 : 1
        return answer(outcome, exitCode)
    }

    /// What came of it, without the host's secrets.
    static func outcome(_ handler: HostOperationBook.Handler, _ request: HostRequest, _ hand: HostHand) async -> HostAnswer {
        do {
            let result = try await handler.run(request, hand)
            return HostAnswer(id: request.id, status: .done, result: Redaction.of(hand.sight).clean(json: result))
        } catch let failure as StepFailure {
            return HostAnswer(id: request.id, status: .failed, failure: Redaction.of(hand.sight).clean(failure))
        } catch {
            let effect: StepFailure.Effect = request.operationClass == .reading ? .nothingChanged : .partlyChanged
            let failure = StepFailure("\(request.kind): \(error)", effect: effect, next: "cutoverctl why \(request.tenant)")
            return HostAnswer(id: request.id, status: .failed, failure: Redaction.of(hand.sight).clean(failure))
        }
    }

    /// Why the host was not taken over, where that was asked for.
    private static func takenOver(_ request: HostRequest, _ ledger: OperationLedger) throws(HostFault) -> String? {
        switch request.kind {
        case TakeHostOver.kind:
            guard let over = try? CanonicalJSON.value(TakeHostOver.self, from: request.payload) else { return nil }
            return try ledger.takeOver(request, from: over.from)
        case BindHost.kind:
            guard let over = try? CanonicalJSON.value(BindHost.self, from: request.payload) else { return nil }
            return try ledger.takeOver(request, from: over.from)
        default: return nil
        }
    }

    /// The answer to a reading where host, database and journal do not remember the same.
    static func dissent(_ request: HostRequest, _ sight: HostSight, _ operations: HostOperationBook) async -> (line: String, exitCode: Int32)? {
        do {
            return try await OperationLedger(statePath: request.statePath).disagreement(request, operations.accord, on: sight).map { disagrees(request, $0) }
        } catch { return answer(refusal(request.id, "\(error)", next: "cutoverctl why \(request.tenant)"), 1) }
    }

    private static func disagrees(_ request: HostRequest, _ why: String) -> (line: String, exitCode: Int32) {
        let failure = StepFailure(why, effect: .nothingChanged, next: "cutoverctl why \(request.tenant)")
        return answer(HostAnswer(id: request.id, status: .disagrees, failure: failure), 1)
    }

    static func stranger(_ request: HostRequest, _ kind: OperationKind, _ operationClass: String) -> HostAnswer {
        refusal(request.id, "no \(operationClass) operation is called \(kind)", next: "put the same build on the host: cutoverctl advance \(request.tenant) --to host.prepare")
    }

    static func refusal(_ id: OperationID, _ what: String, next: String) -> HostAnswer {
        HostAnswer(id: id, status: .refused, failure: StepFailure(what, effect: .nothingChanged, next: next))
    }

    static func answer(_ answer: HostAnswer, _ exitCode: Int32) -> (line: String, exitCode: Int32) {
        ((try? answer.line()) ?? "", exitCode)
    }
}
