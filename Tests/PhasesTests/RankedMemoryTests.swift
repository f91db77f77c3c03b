import Testing

@testable import Phases

@Suite("one search of both stores") struct RankedMemoryTests {
    private func ranked(_ memories: (String, Double?)...) -> [RankedMemory] { memories.map { RankedMemory(id: $0.0, score: $0.1) } }

    private func difference(_ one: [RankedMemory], _ two: [RankedMemory], judging: Set<String> = ["a", "b", "c"]) -> String? {
        RankedMemory.difference(one, two, judging: judging, tolerance: RankedReads.tolerance)
    }

    @Test("is alike within the tolerance, also where equals stand in another order")
    func alike() {
        let one = ranked(("a", 0.6), ("b", 0.3), ("c", 0.29999))
        #expect(difference(one, one) == nil)
        #expect(difference(one, ranked(("a", 0.60009), ("c", 0.3), ("b", 0.3))) == nil)
        #expect(difference([], []) == nil)
    }

    @Test("differs by what only one shows, by a score, by a score that is missing, and by the order")
    func differs() {
        let one = ranked(("a", 0.6), ("b", 0.3))
        #expect(difference(one, ranked(("a", 0.6))) == "b is found in v1 only")
        #expect(difference(one, ranked(("a", 0.6), ("b", 0.3), ("c", 0.1))) == "c is found in v2 only")
        #expect(difference(one, ranked(("a", 0.6), ("b", 0.31))) == "b scores 0.3 in v1 and 0.31 in v2")
        #expect(difference(one, ranked(("a", 0.6), ("b", nil))) == "b has no score in v2")
        #expect(difference(one, ranked(("b", 0.3), ("a", 0.6))) == "b stands before a in v2, and is worse in v1")
    }

    @Test("does not miss in a full answer what is no better than its last")
    func full() {
        func judged(_ one: [RankedMemory], _ two: [RankedMemory]) -> String? {
            RankedMemory.difference(one, two, judging: ["a", "b", "c"], most: 2, tolerance: RankedReads.tolerance)
        }
        #expect(judged(ranked(("a", 0.6), ("b", 0.3)), ranked(("a", 0.6), ("c", 0.3))) == nil)
        #expect(judged(ranked(("a", 0.6), ("b", 0.4)), ranked(("a", 0.6), ("c", 0.3))) == "b is found in v1 only")
        #expect(judged(ranked(("a", 0.6), ("b", 0.3)), ranked(("c", 0.7), ("a", 0.6))) == "c is found in v2 only")
        #expect(judged(ranked(("a", 0.6), ("b", 0.4)), ranked(("a", 0.6), ("c", 0.4))) == nil)
        #expect(judged(ranked(("a", 0.6), ("b", 0.5)), ranked(("a", 0.6))) == "b is found in v1 only")
        #expect(judged(ranked(("a", 0.6)), ranked(("a", 0.6), ("b", 0.5))) == "b is found in v2 only")
    }

    @Test("is in order by itself, whatever it ranks by")
    func order() {
        #expect(RankedMemory.disorder(ranked(("a", 9), ("b", 2), ("c", 2.00001)), tolerance: RankedReads.tolerance) == nil)
        #expect(RankedMemory.disorder(ranked(("a", 2), ("b", 9)), tolerance: RankedReads.tolerance) == "a stands before b in v2, and scores 2.0 against 9.0")
        #expect(RankedMemory.disorder(ranked(("a", nil)), tolerance: RankedReads.tolerance) == "a has no score in v2")
    }

    @Test("says nothing of what something is under way about")
    func underWay() { #expect(difference(ranked(("a", 0.6), ("b", 0.3)), ranked(("a", 0.6), ("c", 9)), judging: ["a"]) == nil) }
}
