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
    /// When it came to be; nil for a seeded row, whose time is known exactly.
    let born: Span?
    /// When its text was last changed, as far as v1's doors know; nil where it never was.
    private(set) var edited: Span?
    /// An edit had no answer: whether it is in nobody can tell until the next.
    private(set) var mayHaveBeenEdited = false

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
        born = nil
    }

    /// A memory somebody means to write: not there yet.
    init(committing intent: AccountLine.Intent, _ span: Span) {
        key = intent.memory
        id = nil
        workspace = intent.workspace
        scope = intent.scope ?? .local
        label = intent.label
        ownerMayVary = intent.door == .mcp
        seeded = nil
        texts = []
        mayBeAbsent = true
        born = span
    }

    var mustBeThere: Bool { !mayBeAbsent }
    var mustBeAbsent: Bool { texts.isEmpty }
    var isUncertain: Bool { texts.count + (mayBeAbsent ? 1 : 0) > 1 }

    /// Takes in the outcome of one act on it.
    mutating func apply(_ intent: AccountLine.Intent, _ outcome: AccountLine.Outcome, _ span: Span) {
        if let id = outcome.id { self.id = id }
        guard outcome.result != .nothing else { return }
        let certain = outcome.result == .done
        switch intent.act {
        case .commit, .edit:
            let text = ExactText(intent.content ?? "")
            if intent.act == .edit {
                mayHaveBeenEdited = !certain
                if certain { edited = span }
            }
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

/// When something happened, in seconds since 1970: after it was tried, and before it was answered where it was.
struct Span: Sendable, Equatable {
    let from: Double
    let to: Double?

    /// The store's clock and ours are one machine's, but not read in one moment.
    private static let slackSeconds = 2.0

    func holds(microseconds: Int) -> Bool {
        let seconds = Double(microseconds) / 1_000_000
        return seconds >= from - Self.slackSeconds && to.map { seconds <= $0 + Self.slackSeconds } ?? true
    }
}
