/// Every state that can be reached, each once, nearest first.
struct Exploration {
    struct Found {
        var states = 0
        var moves = 0
        var settled = 0
        /// False when a bound on states ended it.
        var whole = true
        var wrong: String?
        /// What leads there, one move a line.
        var path: [String] = []
    }

    let setup: Setup
    let atMost: Int

    func run() -> Found {
        var found = Found()
        var table = VisitedStates()
        let claims = Claims(setup: setup)
        var first = State()
        first.now = setup.initial
        if setup.powerFails { first.safe = first.now }
        _ = table.insert(first.fingerprint, parent: .max)
        var level = [(state: first, number: UInt32(0))]
        var moves = Moves(setup)
        while !level.isEmpty {
            var next: [(state: State, number: UInt32)] = []
            for (state, number) in level {
                let quiet = claims.isQuiet(state)
                if claims.isSettled(state) { found.settled += 1 }
                if let wrong = claims.brokenNow(state) ?? (quiet ? broughtToRest(state, claims) : nil) {
                    return ended(&found, table, wrong, number, first)
                }
                for move in moves.all(state) {
                    found.moves += 1
                    if let wrong = move.wrong { return ended(&found, table, wrong, number, first, last: move.words) }
                    guard let new = table.insert(move.state.fingerprint, parent: number) else { continue }
                    if table.count > atMost {
                        found.whole = false
                        found.states = table.count
                        return found
                    }
                    next.append((move.state, new))
                }
            }
            level = next
        }
        found.states = table.count
        return found
    }

    // MARK: - Non public

    /// Left alone, the looks come to an end, and then everything must be as it should.
    private func broughtToRest(_ state: State, _ claims: Claims) -> String? {
        var state = state
        var moves = Moves(setup)
        for _ in 0..<60 {
            if claims.isSettled(state) { return claims.brokenAtRest(state) }
            // The first thing the first writer can do that is not to die.
            let all = moves.all(state).filter { $0.words.hasPrefix("look 0") && !$0.words.hasSuffix("killed") }
            guard let move = all.last else { return "left alone, the writer does not go on" }
            if let wrong = move.wrong { return wrong }
            state = move.state
        }
        return "left alone, the looks do not come to an end"
    }

    private func ended(_ found: inout Found, _ table: VisitedStates, _ wrong: String, _ number: UInt32, _ first: State, last: String? = nil) -> Found {
        found.states = table.count
        found.wrong = wrong
        found.path = path(to: number, table, first) + [last].compactMap { $0 }
        return found
    }

    /// The moves are not stored: they are found again along the fingerprints.
    private func path(to number: UInt32, _ table: VisitedStates, _ first: State) -> [String] {
        var prints: [Fingerprint] = []
        var at = number
        while at != 0 {
            prints.append(table.fingerprint(at))
            at = table.parent(at)
        }
        var state = first
        var words: [String] = []
        var moves = Moves(setup)
        for print in prints.reversed() {
            guard let move = moves.all(state).first(where: { $0.state.fingerprint == print }) else { break }
            words.append(move.words)
            state = move.state
        }
        return words
    }
}

/// Fingerprints by open addressing, each with its number and the number of the state it was reached from.
struct VisitedStates {
    private var slots: [UInt32]
    private var prints: [Fingerprint] = []
    private var parents: [UInt32] = []

    init() { slots = [UInt32](repeating: .max, count: 1 << 16) }

    var count: Int { prints.count }
    func fingerprint(_ number: UInt32) -> Fingerprint { prints[Int(number)] }
    func parent(_ number: UInt32) -> UInt32 { parents[Int(number)] }

    /// Its number when it is new.
    mutating func insert(_ print: Fingerprint, parent: UInt32) -> UInt32? {
        if prints.count * 2 > slots.count { grow() }
        var slot = Int(truncatingIfNeeded: print.one) & (slots.count - 1)
        while slots[slot] != .max {
            if prints[Int(slots[slot])] == print { return nil }
            slot = (slot + 1) & (slots.count - 1)
        }
        let number = UInt32(prints.count)
        slots[slot] = number
        prints.append(print)
        parents.append(parent)
        return number
    }

    private mutating func grow() {
        slots = [UInt32](repeating: .max, count: slots.count * 2)
        for (number, print) in prints.enumerated() {
            var slot = Int(truncatingIfNeeded: print.one) & (slots.count - 1)
            while slots[slot] != .max { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(number)
        }
    }
}
