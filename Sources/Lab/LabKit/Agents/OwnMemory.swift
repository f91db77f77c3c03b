import Foundation

/// A living memory in the hands of the one agent that owns it.
struct OwnMemory: Sendable {
    let key: String
    let id: String
    let workspace: String
    let scope: Scope
    var content: String
    /// Nil for a seeded row nobody has touched: it lies in v1 and, if moved, in v2 as well.
    var lastDoor: AccountLine.Door?
    var lastActAt = Date.distantPast
    var edits = 0

    /// What to ask a search for: the token, or the beginning of a seeded text.
    var query: String { key.hasPrefix(MemoryText.tokenPrefix) ? key : String(content.prefix(60)) }

    /// How long the stores get to come into step before an act through another door.
    static let settleSeconds = 3.0

    /// True when the next act through this door reaches a store that the last one may not have reached yet.
    func mustBeSeenBefore(_ door: AccountLine.Door) -> Bool {
        guard let lastDoor else { return door != .http }
        return lastDoor != door || door != .http
    }

    func hasSettled(at now: Date) -> Bool { now.timeIntervalSince(lastActAt) >= Self.settleSeconds }
}

/// The texts agents write, each with a token of its own by which it is known even when its id was never learned.
enum MemoryText {
    static let tokenPrefix = "mtk"

    static func freshToken() -> String {
        let hex = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        return tokenPrefix + String(repeating: "0", count: 16 - hex.count) + hex
    }

    static func token(in content: String) -> String? {
        content.firstMatch(of: #/mtk[0-9a-f]{16}/#).map { String($0.output) }
    }

    private static let tails = [
        "keep for the next session", "the customer asked twice", "läuft seit gestern 🚀", "会議は金曜日", "הפגישה נדחתה",
        "see the runbook, step 4", "e\u{301}tat composé", "two  spaces and a tab\there", "line one\nline two",
    ]

    static func write(token: String, revision: Int) -> String {
        "Memory \(token) revision \(revision): \(tails.randomElement() ?? "")"
    }

    /// A seeded row keeps its id as its key; its new text still carries a token, so that no two texts are alike.
    static func rewrite(revision: Int) -> String { "Edited \(freshToken()) revision \(revision): \(tails.randomElement() ?? "")" }
}
