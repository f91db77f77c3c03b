public import Cutover
import Synchronization

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

/// Things to come, the earliest first; of those of one moment the one that was added first.
package struct Agenda<Element> {
    private var heap: [(at: Timestamp, number: Int, element: Element)] = []
    private var number = 0

    package init() {}

    package var next: Timestamp? { heap.first?.at }

    package mutating func add(_ element: Element, at: Timestamp) {
        number += 1
        heap.append((at, number, element))
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    package mutating func take() -> (Timestamp, Element)? {
        guard let first = heap.first else { return nil }
        heap[0] = heap[heap.count - 1]
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, least) { least = child }
            if least == parent { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return (first.at, first.element)
    }

    private func precedes(_ one: Int, _ other: Int) -> Bool { (heap[one].at, heap[one].number) < (heap[other].at, heap[other].number) }
}
