public import Cutover
import Foundation

/// Work on a host that takes longer than one operation may: a process of its own, which outlives whoever asked for it.
///
/// Its folder holds what was ordered, how far it is, and how it ended. Killed at any moment it leaves an order without an end.
public struct DetachedWork: Sendable {
    public struct State: Sendable {
        /// What was ordered; nil when nothing was.
        public let payload: String?
        public let runs: Bool
        /// What the process told last.
        public let told: String?
        /// How it ended. Nil of work that does not run: it died.
        public let answer: HostAnswer?
    }

    struct Order: Sendable, Codable {
        let payload: String
        let operation: OperationID
        let fence: Int
        let journal: JournalID
    }

    public let name: String
    private let host: HostSight
    private let folder: String
    private let runtime: ProcessRuntime

    public init(_ name: String, _ host: HostSight) {
        self.name = name
        self.host = host
        self.folder = "\(host.statePath)/work/\(name)"
        self.runtime = ProcessRuntime(
            command: "\(host.statePath)/bin/cutoverctl host work --name \(name) --state \(host.statePath) --env \(host.envPath) --tenant \(host.tenant)",
            pidFile: "\(folder)/pid")
    }

    public func state() throws -> State {
        // Asked first: a process that ends meanwhile has written its answer before.
        let runs = try runtime.running() != nil
        return State(
            payload: try order()?.payload, runs: runs, told: try DurableFile.read("\(folder)/told"),
            answer: try DurableFile.read("\(folder)/answer").flatMap(HostAnswer.parse))
    }

    /// Starts the process, for whom nothing of an earlier order is left. For operations only: the host's lock keeps two of them apart.
    public func begin(_ payload: String, by hand: HostHand) async throws {
        try await end()
        try DurableFile.makeFolder(folder)
        let order = Order(payload: payload, operation: hand.operation, fence: hand.fence, journal: hand.journal)
        try DurableFile.write(try CanonicalJSON.text(order), to: "\(folder)/order")
        do { try await runtime.start(environment: [:], log: "\(folder)/log") } catch {
            // It may have been done before anybody saw it run.
            guard try DurableFile.read("\(folder)/answer") != nil else { throw error }
        }
    }

    /// Ends the process, waits until it is gone, and forgets what was ordered. Harmless when there is nothing.
    public func end() async throws {
        try await runtime.stop(within: 5)
        for name in ["order", "answer", "told", "pid"] { try DurableFile.remove("\(folder)/\(name)") }
    }

    /// Not synced: what a crash takes is told again a moment later.
    public func tell(_ text: String) throws {
        try DurableFile.write(text, to: "\(folder)/told", synced: false)
    }

    // MARK: - In the process itself

    /// Carries out what was ordered and writes down how it ended. Answers the exit code.
    public func carryOut(_ operations: HostOperationBook) async -> Int32 {
        do {
            // A process that was told to end may take a moment: two at once would write over each other.
            guard let lock = try await FileLock.take("\(folder)/lock", within: 10) else { throw HostFault.said("another process is at this work") }
            defer { withExtendedLifetime(lock) {} }
            guard let order = try order() else { throw HostFault.said("nothing was ordered") }
            let hand = HostHand(sight: host, operation: order.operation, fence: order.fence, journal: order.journal)
            let answer = await answer(order, hand, operations)
            try DurableFile.write(try answer.line(), to: "\(folder)/answer")
            return answer.status == .done ? 0 : 1
        } catch {
            FileHandle.standardError.write(Data("\(HostClock.now.at) \(name): \(Redaction.of(host).clean("\(error)"))\n".utf8))
            return 1
        }
    }

    private func answer(_ order: Order, _ hand: HostHand, _ operations: HostOperationBook) async -> HostAnswer {
        do {
            guard let work = operations.works[name] else { throw HostFault.said("this build knows no work of that name") }
            let result = try await work(order.payload, hand)
            return HostAnswer(id: order.operation, status: .done, result: Redaction.of(host).clean(json: result))
        } catch {
            let failure = error as? StepFailure ?? StepFailure("\(name): \(error)", effect: .partlyChanged, next: "cutoverctl why \(host.tenant)")
            return HostAnswer(id: order.operation, status: .failed, failure: Redaction.of(host).clean(failure))
        }
    }

    private func order() throws -> Order? {
        try DurableFile.read("\(folder)/order").map { try CanonicalJSON.value(Order.self, from: $0) }
    }
}
