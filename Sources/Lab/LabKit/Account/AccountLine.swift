/// One line of an account: an act about to be tried, or what came of it.
struct AccountLine: Codable, Sendable, Equatable {
    enum Act: String, Codable, Sendable { case commit, edit, forget }
    enum Door: String, Codable, Sendable { case mcp, http, v2 }

    enum Result: String, Codable, Sendable {
        case done
        /// It certainly did not happen.
        case nothing
        /// Sent, and no answer that tells.
        case maybe
    }

    struct Intent: Codable, Sendable, Equatable {
        let act: Act
        let door: Door
        let agent: String
        /// A seeded row's id, or the token inside the text.
        let memory: String
        var workspace: String?
        var scope: Scope?
        var label: String?
        var content: String?
    }

    struct Outcome: Codable, Sendable, Equatable {
        let result: Result
        var id: String?
    }

    /// The act's number; its intent and its outcome share it.
    let number: Int
    let at: Double
    var intent: Intent?
    var outcome: Outcome?
}
