import Cutover
import CutoverTestKit
import Testing

@Suite("the clock and the chance of tests") struct KitTests {
    @Test("sleepers wake when the clock has been moved past their moment, not before")
    func wakes() async throws {
        let time = ManualTime()
        let sleeper = Task { try await time.sleep(milliseconds: 1000) }
        await time.someoneSleeps()
        time.advance(milliseconds: 999)
        #expect(time.sleepers == 1)
        time.advance(milliseconds: 1)
        try await sleeper.value
        #expect(time.now == ManualTime.beginning.adding(seconds: 1))
    }

    @Test("a cancelled sleeper wakes at once, also when it was cancelled before it lay down")
    func cancelled() async throws {
        let time = ManualTime()
        let sleeper = Task { try await time.sleep(milliseconds: 1000) }
        await time.someoneSleeps()
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
        let early = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await time.sleep(milliseconds: 1000)
        }
        await #expect(throws: CancellationError.self) { try await early.value }
        #expect(time.sleepers == 0)
    }

    @Test("a hurried clock moves by itself, for short sleeps only")
    func hurries() async throws {
        let time = ManualTime(hurriesUpTo: 500)
        for _ in 0..<4 { try await time.sleep(milliseconds: 500) }
        #expect(time.now == ManualTime.beginning.adding(seconds: 2))
    }

    @Test("the same seed gives the same bytes, another gives others")
    func chance() {
        let (one, same, other) = (SeededRandom(1).bytes(64), SeededRandom(1).bytes(64), SeededRandom(2).bytes(64))
        #expect(one == same && one != other && Set(one).count > 30)
    }
}
