import Cutover

/// Several readings that came in one request: one after another, so that a tenant's database is asked as gently as when each comes alone.
extension HostProgram {
    static func several(_ request: HostRequest, _ operations: HostOperationBook) async -> (line: String, exitCode: Int32) {
        guard let readings = try? CanonicalJSON.value(Readings.self, from: request.payload) else {
            return answer(refusal(request.id, "the readings asked for came in a form that this build does not know", next: "put the same build on the host: cutoverctl advance \(request.tenant) --to host.prepare"), 64)
        }
        let sight = await HostSight.asking(tenant: request.tenant, statePath: request.statePath, envPath: request.envPath)
        if let dissent = await dissent(request, sight, operations) { return dissent }
        var answers: [HostAnswer] = []
        for one in readings.asked { answers.append(await single(one, of: request, sight, within: min(86_400, max(0, readings.seconds)), operations)) }
        // Each was cleaned of secrets by itself: done once more over all of them, a number that looks like one would be struck from within a result.
        return answer(HostAnswer(id: request.id, status: .done, result: try? CanonicalJSON.text(answers)), 0)
    }

    private static func single(
        _ one: Readings.One, of request: HostRequest, _ sight: HostSight, within seconds: Int, _ operations: HostOperationBook
    ) async -> HostAnswer {
        guard let handler = operations.handlers[one.kind], handler.operationClass == .reading else {
            return stranger(request, one.kind, OperationClass.reading.rawValue)
        }
        let alone = HostRequest(
            id: request.id, kind: one.kind, operationClass: .reading, once: nil, tenant: request.tenant, step: request.step, journal: request.journal,
            fence: request.fence, envPath: request.envPath, statePath: request.statePath, payload: one.payload,
            holder: request.holder)
        let hand = HostHand(sight: sight, operation: request.id, fence: request.fence, journal: request.journal)
        let late = StepFailure("\(one.kind): no answer within \(seconds) s", effect: .nothingChanged, next: "cutoverctl why \(request.tenant)")
        return await first(within: seconds) { await outcome(handler, alone, hand) } ?? HostAnswer(id: request.id, status: .failed, failure: late)
    }

    /// Nil when the time is over; what goes on then is cancelled and no longer waited for.
    private static func first<Answer: Sendable>(within seconds: Int, _ ask: @escaping @Sendable () async -> Answer) async -> Answer? {
        let (answers, told) = AsyncStream.makeStream(of: Answer?.self)
        let asking = Task { told.yield(await ask()) }
        let clock = Task {
            try await HostMachine.here.rest(seconds * 1000)
            told.yield(nil)
        }
        defer {
            asking.cancel()
            clock.cancel()
        }
        for await answer in answers { return answer }
        return nil
    }
}
