@testable import DataPath
import HTTP
import Testing

@Suite("requests that wait for their turn", .timeLimit(.minutes(10))) struct FlightGateTests {
    @Test("all that wait end when they are cancelled, while the server has asked for quiet")
    func cancelled() async throws {
        let gate = FlightGate(.init(least: 1, most: 1, latencySeconds: 0.5)) { 0 }
        let first = try await gate.enter()
        let waiting = (0..<5).map { _ in Task { try await gate.enter() } }
        while await gate.isWaitedFor < 5 { try await Task.sleep(for: .milliseconds(5)) }
        await gate.leave(first, .refused(retryAfter: 3600))
        for one in waiting { one.cancel() }
        for one in waiting { await #expect(throws: CancellationError.self) { _ = try await one.value } }
    }

    @Test("who has most behind him goes first")
    func longestFirst() async throws {
        let gate = FlightGate(.init(least: 1, most: 1, latencySeconds: 0.5)) { 0 }
        let first = try await gate.enter()
        let order = Order()
        var waiting: [Task<Void, any Error>] = []
        for behind in [3, 900, 40] {
            waiting.append(
                Task {
                    let entered = try await gate.enter(behind: behind)
                    await order.add(behind)
                    await gate.leave(entered, .answered)
                })
            while await gate.isWaitedFor < waiting.count { try await Task.sleep(for: .milliseconds(5)) }
        }
        await gate.leave(first, .answered)
        for one in waiting { try await one.value }
        #expect(await order.all == [900, 40, 3])
    }

    private actor Order {
        private(set) var all: [Int] = []
        func add(_ one: Int) { all.append(one) }
    }
}
