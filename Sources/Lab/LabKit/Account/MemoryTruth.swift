/// What must be true of one memory, as far as those who wrote it can know.
struct MemoryTruth: Sendable {
    /// A seeded row's id, or the token inside the text.
    let key: String
    var id: String?
    let workspace: String?
    let scope: Scope
    /// The v1 label; nil when nobody chose one.
    let label: String?
    /// Written through a door that may have stored it in v2, where its workspace is not kept: any workspace with the same namespace will do.
    let ownerMayVary: Bool
    let seeded: SeededFacts?
    /// The texts it may have now.
    private(set) var texts: Set<ExactText>
    private(set) var mayBeAbsent: Bool

    init(_ facts: SeededFacts) {
        key = facts.id
        id = facts.id
        workspace = facts.workspace
        scope = facts.scope
        label = facts.label
        ownerMayVary = false
        seeded = facts
        texts = [ExactText(facts.content)]
        mayBeAbsent = false
    }

    /// A memory somebody means to write: not there yet.
    init(committing intent: AccountLine.Intent) {
        key = intent.memory
        id = nil
        workspace = intent.workspace
        scope = intent.scope ?? .local
        label = intent.label
        ownerMayVary = intent.door == .mcp
        seeded = nil
        texts = []
        mayBeAbsent = true
    }

    var mustBeThere: Bool { !mayBeAbsent }
    var mustBeAbsent: Bool { texts.isEmpty }
    var isUncertain: Bool { texts.count + (mayBeAbsent ? 1 : 0) > 1 }

    /// Takes in the outcome of one act on it.
    mutating func apply(_ intent: AccountLine.Intent, _ outcome: AccountLine.Outcome) {
        if let id = outcome.id { self.id = id }
        guard outcome.result != .nothing else { return }
        let certain = outcome.result == .done
        switch intent.act {
        case .commit, .edit:
            let text = ExactText(intent.content ?? "")
            if certain {
                texts = [text]
                mayBeAbsent = false
            } else {
                texts.insert(text)
            }
        case .forget:
            if certain { texts = [] }
            mayBeAbsent = true
        }
    }
}
