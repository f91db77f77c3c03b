/// What agents were told, kept by nobody but themselves: the referee. It knows of no log, no copy and no journal.
public struct AgentsBook: Sendable, Equatable {
    struct Memory: Sendable, Equatable {
        /// Texts that a door said were stored and that no later write, and no forget, of anybody who had seen them has replaced.
        /// More than one where two agents wrote at once by different doors.
        var alive: Set<String> = []
        /// All that was ever told to be stored under this id.
        var ever: Set<String> = []
        /// An agent forgot it, and nobody wrote it since.
        var isForgotten = false
    }

    var memories: [Int: Memory] = [:]
    /// Stored, a door said, and it was not: the plugin's own lie, which nobody can make good.
    var lies = 0
    var refusals = 0

    mutating func stored(_ id: Int, _ text: String, over seen: String?) {
        var memory = memories[id] ?? Memory()
        if let seen { memory.alive.remove(seen) }
        memory.alive.insert(text)
        memory.ever.insert(text)
        memory.isForgotten = false
        memories[id] = memory
    }

    mutating func forgot(_ id: Int, having seen: String) {
        memories[id]?.alive.remove(seen)
        memories[id]?.isForgotten = true
    }
}
