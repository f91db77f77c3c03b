import Foundation
import Synchronization

/// A fixed number of lanes, each a blocking resource on a thread of its own; calls wait for a free lane in order.
final class LanePool<Resource>: Sendable {
    private struct State: Sendable {
        var free: [Lane<Resource>]
        var waiting: [CheckedContinuation<Lane<Resource>, Never>] = []
    }

    private let state: Mutex<State>

    /// - Parameter make: called on the lane's own thread, when the lane is first used.
    init(lanes: Int, label: String, make: @escaping @Sendable () -> Resource) {
        state = Mutex(State(free: (0..<lanes).map { Lane(label: "\(label).\($0)", make: make) }))
    }

    func run<T: Sendable>(_ body: @escaping @Sendable (Resource) throws -> T) async throws -> T {
        let lane = await take()
        defer { give(lane) }
        return try await lane.run(body)
    }

    // MARK: - Non public

    private func take() async -> Lane<Resource> {
        await withCheckedContinuation { continuation in
            let lane = state.withLock { state -> Lane<Resource>? in
                if let lane = state.free.popLast() { return lane }
                state.waiting.append(continuation)
                return nil
            }
            if let lane { continuation.resume(returning: lane) }
        }
    }

    private func give(_ lane: Lane<Resource>) {
        let next = state.withLock { state -> CheckedContinuation<Lane<Resource>, Never>? in
            if state.waiting.isEmpty {
                state.free.append(lane)
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume(returning: lane)
    }
}

/// One blocking resource and the thread it lives on.
///
/// Proof of `Sendable`: `resource` is made, read and written only inside blocks run by `queue`, which is serial;
/// everything else is immutable.
private final class Lane<Resource>: @unchecked Sendable {
    private let queue: DispatchQueue
    private let make: @Sendable () -> Resource
    private var resource: Resource?

    init(label: String, make: @escaping @Sendable () -> Resource) {
        queue = DispatchQueue(label: label)
        self.make = make
    }

    func run<T: Sendable>(_ body: @escaping @Sendable (Resource) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            queue.async {
                let resource = self.resource ?? self.make()
                self.resource = resource
                continuation.resume(with: Result { try body(resource) })
            }
        }
    }
}
