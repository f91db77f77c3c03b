import Cutover
import Simulation
import Synchronization

/// The road to one host: requests and answers are lost on it, come late, twice, or in another order.
final class Road: Sendable {
    enum Trouble: Sendable { case requestLost, answerLost, twice, late(minutes: Int) }

    private struct State {
        var closedUntil: Timestamp?
        var troubles: [(skip: Int, trouble: Trouble)] = []
        var chance: Chance
    }

    let host: SimulatedHost
    private let time: WorldTime
    private let state: Mutex<State>

    init(_ host: SimulatedHost, _ time: WorldTime, _ chance: Chance) {
        self.host = host
        self.time = time
        state = Mutex(State(chance: chance))
    }

    func close(until: Timestamp) { state.withLock { $0.closedUntil = until } }
    var isOpen: Bool { state.withLock { $0.closedUntil.map { $0 <= time.now } ?? true } && host.isUp }

    /// Meets the delivery that is to change something, after `skip` others.
    func trouble(_ trouble: Trouble, after skip: Int) { state.withLock { $0.troubles.append((skip, trouble)) } }

    private func next() -> Trouble? {
        state.withLock { state in
            guard let first = state.troubles.first else { return nil }
            if first.skip == 0 { return state.troubles.removeFirst().trouble }
            state.troubles[0].skip -= 1
            return nil
        }
    }

    func deliver(_ action: RemoteAction) async throws(TransportError) -> ActionResult {
        guard isOpen else { throw error(.neverSent, "no route to the host") }
        let trouble = action.operationClass == .reading ? nil : next()
        switch trouble {
        case nil: return try await ask(action)
        case .requestLost: throw error(state.withLock { $0.chance.happens(50) } ? .neverSent : .sentOutcomeUnknown, "the request was lost")
        case .answerLost:
            _ = try await ask(action)
            throw error(.sentOutcomeUnknown, "the answer was lost")
        case .twice:
            again(action, minutes: state.withLock { $0.chance.number(0...120) })
            return try await ask(action)
        case .late(let minutes):
            again(action, minutes: minutes)
            try? await time.sleep(seconds: min(minutes * 60, action.timeoutSeconds))
            throw error(.sentOutcomeUnknown, "no answer within \(action.timeoutSeconds) s")
        }
    }

    /// Within the time that the action has; what takes longer goes on there.
    private func ask(_ action: RemoteAction) async throws(TransportError) -> ActionResult {
        if action.operationClass == .reading { return try await host.carryOut(action) }
        let (answers, told) = AsyncStream.makeStream(of: Result<ActionResult, TransportError>?.self)
        let (host, time) = (host, time)
        Task {
            do throws(TransportError) { told.yield(.success(try await host.carryOut(action))) } catch { told.yield(.failure(error)) }
        }
        let clock = Task {
            try await time.sleep(seconds: action.timeoutSeconds)
            told.yield(nil)
        }
        defer { clock.cancel() }
        for await answer in answers {
            guard let answer else { break }
            let result = try answer.get()
            guard isOpen else { throw error(.sentOutcomeUnknown, "the connection broke") }
            return result
        }
        throw error(.sentOutcomeUnknown, "no answer within \(action.timeoutSeconds) s")
    }

    private func again(_ action: RemoteAction, minutes: Int) {
        let (host, time) = (host, time)
        Task {
            guard (try? await time.sleep(seconds: minutes * 60)) != nil else { return }
            _ = try? await host.carryOut(action)
        }
    }

    private func error(_ outcome: TransportError.Outcome, _ detail: String) -> TransportError {
        TransportError(host: host.place.host, outcome: outcome, detail: detail)
    }
}

/// The same road as one controller's process goes it.
struct Link: Transport {
    let road: Road
    let process: ControllerProcess

    private func pass() async throws(TransportError) {
        guard await process.lives() else { throw TransportError(host: road.host.place.host, outcome: .neverSent, detail: "the controller has died") }
    }

    func run(_ action: RemoteAction, on host: TenantHost) async throws(TransportError) -> ActionResult {
        try await pass()
        let result = try await road.deliver(action)
        guard await process.lives() else { throw TransportError(host: host.host, outcome: .sentOutcomeUnknown, detail: "the controller has died") }
        return result
    }

    private func reach() async throws(TransportError) {
        try await pass()
        guard road.isOpen else { throw TransportError(host: road.host.place.host, outcome: .neverSent, detail: "no route to the host") }
    }

    func probeHand(on host: TenantHost) async throws(TransportError) -> HandReport {
        try await reach()
        return road.host.hasHand ? .present(digest: "simulated", isThisBuild: true) : .absent
    }

    func placeHand(on host: TenantHost) async throws(TransportError) -> HandReport {
        try await reach()
        road.host.hasHand = true
        return .present(digest: "simulated", isThisBuild: true)
    }

    func removeHand(from host: TenantHost) async throws(TransportError) {
        try await reach()
        road.host.hasHand = false
    }
}
