import Foundation

/// The account of a tenant, folded: every memory ever written there and what must be true of it now.
struct Account: Sendable {
    private(set) var memories: [String: MemoryTruth] = [:]
    private(set) var lastNumber = 0

    init(seeded: [SeededFacts], lines: [AccountLine]) {
        for facts in seeded { memories[facts.id] = MemoryTruth(facts) }
        var open: [Int: (intent: AccountLine.Intent, at: Double)] = [:]
        for line in lines {
            lastNumber = max(lastNumber, line.number)
            if let intent = line.intent { open[line.number] = (intent, line.at) }
            if let outcome = line.outcome, let (intent, began) = open.removeValue(forKey: line.number) {
                apply(intent, outcome, Span(from: began, to: outcome.result == .done ? line.at : nil))
            }
        }
        // An intent without an outcome: the agent was killed in between, and nobody knows.
        for (_, (intent, began)) in open.sorted(by: { $0.key < $1.key }) { apply(intent, .init(result: .maybe), Span(from: began, to: nil)) }
    }

    init(folder: TenantFolder) throws {
        let decoder = JSONDecoder()
        let lines = try AccountLines.read(folder.accountActs) { try decoder.decode(AccountLine.self, from: $0) }
        self.init(seeded: try AccountBase(folder: folder).seeded, lines: lines)
    }

    private mutating func apply(_ intent: AccountLine.Intent, _ outcome: AccountLine.Outcome, _ span: Span) {
        if intent.act == .commit, memories[intent.memory] == nil {
            memories[intent.memory] = MemoryTruth(committing: intent, span)
        }
        memories[intent.memory]?.apply(intent, outcome, span)
    }
}
