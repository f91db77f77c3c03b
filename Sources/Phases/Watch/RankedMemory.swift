/// One memory of an answer to a search, best first.
struct RankedMemory: Sendable, Decodable, Equatable {
    let id: String
    var score: Double?

    var lowercased: RankedMemory { RankedMemory(id: id.lowercased(), score: score) }

    /// What is not alike in two answers to one search; nil where each shows the same memories, each memory's scores are no further apart than the
    /// tolerance, and none stands before one that is better by more than that.
    /// - Parameters:
    ///   - judged: the ids of whatever nothing is under way about; others may stand in one answer only.
    ///   - most: what an answer shows at most. Of one that is full, what is not clearly better than its last is not looked for in the other.
    static func difference(_ v1: [RankedMemory], _ v2: [RankedMemory], judging judged: Set<String>, most: Int = .max, tolerance: Double) -> String? {
        func worst(_ answer: [RankedMemory]) -> Double { answer.count >= most ? (answer.last?.score ?? 0) + tolerance : -.infinity }
        let (leftOutOfV1, leftOutOfV2) = (worst(v1), worst(v2))
        let (one, two) = (v1.filter { judged.contains($0.id) }, v2.filter { judged.contains($0.id) })
        let scores = Dictionary(one.map { ($0.id, $0.score ?? 0) }) { first, _ in first }
        let shown = Set(two.map(\.id))
        if let missing = one.first(where: { !shown.contains($0.id) && $0.score ?? 0 > leftOutOfV2 }) { return "\(missing.id) is found in v1 only" }
        var before: RankedMemory?
        for memory in two {
            guard let score = memory.score else { return "\(memory.id) has no score in v2" }
            guard let expected = scores[memory.id] else {
                if score > leftOutOfV1 { return "\(memory.id) is found in v2 only" }
                continue
            }
            if abs(score - expected) > tolerance { return "\(memory.id) scores \(expected) in v1 and \(score) in v2" }
            if let before, let worse = scores[before.id], worse + tolerance < expected { return "\(before.id) stands before \(memory.id) in v2, and is worse in v1" }
            before = memory
        }
        return nil
    }

    /// What is not in order in one answer, whatever it ranks by: a memory without a score, or one that stands behind a worse one.
    static func disorder(_ answer: [RankedMemory], tolerance: Double) -> String? {
        var before: (id: String, score: Double)?
        for memory in answer {
            guard let score = memory.score else { return "\(memory.id) has no score in v2" }
            if let before, before.score + tolerance < score { return "\(before.id) stands before \(memory.id) in v2, and scores \(before.score) against \(score)" }
            before = (memory.id, score)
        }
        return nil
    }
}
