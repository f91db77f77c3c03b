/// One thing that can happen next, and the state after it.
struct Move {
    let words: String
    var state: State
    /// What the move itself did wrong.
    var wrong: String?
}

/// What can happen in a state: every agent's statements, every step of every look, ends of all kinds at every moment.
///
/// Modelled on `Look.swift`, `Writer.swift`, `CopyChunk.swift`, `Markers.swift` and `CaptureSQL.swift` over PostgreSQL's rules:
/// snapshots, row locks, first updater wins, unique keys, and TRUNCATE, which heeds no snapshot.
struct Moves {
    let setup: Setup
    private(set) var moves: [Move] = []

    init(_ setup: Setup) { self.setup = setup }

    mutating func all(_ state: State) -> [Move] {
        moves.removeAll(keepingCapacity: true)
        for agent in setup.agents.indices { agentMoves(state, agent) }
        for w in 0..<setup.looks { lookMoves(state, w) }
        if setup.powerFails { powerMoves(state) }
        return moves
    }

    mutating func add(_ words: String, _ state: State, wrong: String? = nil) {
        moves.append(Move(words: words, state: state, wrong: wrong))
    }

    // MARK: - Digests

    static func digest1(_ row: UInt16, moved: Bool, _ world: World, _ setup: Setup) -> UInt16 {
        if row == 0 { return 0 }
        let embedding = setup.sharesEmbeddings ? Row.embedding(row) : 0
        return world.text(Row.version(row)) | embedding << 4 | Place.target(Row.place(row), moved: moved) << 8
    }

    static func digest2(_ row: UInt16, _ world: World, _ setup: Setup) -> UInt16 {
        if row == 0 { return 0 }
        let embedding = setup.sharesEmbeddings ? Row.embedding(row) : 0
        return world.text(Row.version(row)) | embedding << 4 | Row.place(row) << 8
    }

    // MARK: - Power

    /// What was committed and not yet on disk goes; the order of commits holds. An agent's unanswered commit may be either.
    private mutating func powerMoves(_ state: State) {
        var onDisk = state.now
        for w in 0..<setup.looks { onDisk.unsee(w, ids: setup.ids) }
        for version in 1...15 where onDisk.written >> UInt16(version) & 1 == 0 && version > setup.initialVersions { onDisk.forgetGhost(version) }
        if onDisk != state.safe {
            var next = state
            next.safe = onDisk
            add("the disk has everything", next)
        }
        let open = setup.agents.indices.contains { state[agent: $0].isOpen } || (0..<setup.looks).contains { state[look: $0].phase != .idle }
        if onDisk != state.safe || open {
            var next = state
            next.now = state.safe
            for agent in setup.agents.indices { next[agent: agent].finish() }
            for w in 0..<setup.looks { next[look: w] = Look() }
            add("the power fails", next)
        }
    }
}
