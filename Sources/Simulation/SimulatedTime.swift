public import Cutover
import Synchronization

/// The time that simulated hosts live in.
protocol HostClock: Sendable {
    var now: Timestamp { get }
    /// Passes while a host is at work.
    func work(seconds: Int) async
}

extension SimulatedTime: HostClock {}

/// A clock that jumps from one appointment to the next. Only one thing runs at a time, so the same scenario always goes the same way:
/// whoever is given the turn keeps it until it ends or works for a while on a host.
public final class SimulatedTime: TimeSource {
    typealias Deed = @Sendable () async -> Void

    private enum Appointment {
        case deed(Deed)
        case resume(CheckedContinuation<Void, Never>)
    }

    private struct State {
        var now: Timestamp
        var agenda = Agenda<Appointment>()
        var turn: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>

    init(_ start: Timestamp) { state = Mutex(State(now: start)) }

    public var now: Timestamp { state.withLock { $0.now } }

    /// Only heartbeats sleep on the engine's clock, and they rest until they are no longer needed: leases are given for as long as they are
    /// kept, also that of an operator who is to lose it.
    public func sleep(milliseconds: Int) async throws(CancellationError) {
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(86_400)) }
        throw CancellationError()
    }

    /// Does `deed` at that moment, after all that is to be done then already; at once when the moment is over.
    func appoint(_ at: Timestamp, _ deed: @escaping Deed) {
        state.withLock { state in state.agenda.add(.deed(deed), at: max(at, state.now)) }
    }

    /// Passes time inside a deed, and lets others have the turn meanwhile.
    func work(seconds: Int) async {
        guard seconds > 0 else { return }
        await withCheckedContinuation { worker in
            let turn = state.withLock { state in
                state.agenda.add(.resume(worker), at: state.now.adding(seconds: seconds))
                return state.turn.take()
            }
            turn?.resume()
        }
    }

    /// The moment of the next appointment; nil when nothing is to come.
    var next: Timestamp? { state.withLock { $0.agenda.next } }

    /// Goes to the next appointment and keeps it. Returns when whoever had the turn has ended, or works.
    func keepNext() async {
        await withCheckedContinuation { turn in
            let appointment = state.withLock { state -> Appointment? in
                guard let (at, appointment) = state.agenda.take() else { return nil }
                state.now = at
                state.turn = turn
                return appointment
            }
            switch appointment {
            case nil: turn.resume()
            case .resume(let worker): worker.resume()
            case .deed(let deed):
                Task {
                    await deed()
                    state.withLock { $0.turn.take() }?.resume()
                }
            }
        }
    }
}
