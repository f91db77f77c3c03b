/// One memory of an answer to a search, best first.
struct RankedMemory: Sendable, Decodable, Equatable {
    let id: String
    var score: Double?

    /// What is not alike in two answers to one search; nil where each shows the same memories, each memory's scores are no further apart than the
    /// tolerance, and none stands before one that is better by more than that.
    /// - Parameter judged: the ids of whatever nothing is under way about; others may stand in one answer only.
    static func difference(_ v1: [RankedMemory], _ v2: [RankedMemory], judging judged: Set<String>, tolerance: Double) -> String? {
        let (one, two) = (v1.filter { judged.contains($0.id) }, v2.filter { judged.contains($0.id) })
        let scores = Dictionary(one.map { ($0.id, $0.score ?? 0) }) { first, _ in first }
        let shown = Set(two.map(\.id))
        if let missing = one.first(where: { !shown.contains($0.id) }) { return "\(missing.id) is found in v1 only" }
        var before: RankedMemory?
        for memory in two {
            guard let expected = scores[memory.id] else { return "\(memory.id) is found in v2 only" }
            guard let score = memory.score else { return "\(memory.id) has no score in v2" }
            if abs(score - expected) > tolerance { return "\(memory.id) scores \(expected) in v1 and \(score) in v2" }
            if let before, let worse = scores[before.id], worse + tolerance < expected { return "\(before.id) stands before \(memory.id) in v2, and is worse in v1" }
            before = memory
        }
        return nil
    }
}
