/// What agents do: inserts, edits, deletes, moves and truncations in transactions that may stay open, commit or roll back.
extension Moves {
    mutating func agentMoves(_ state: State, _ i: Int) {
        let agent = state[agent: i]
        if agent.isOpen {
            add("agent \(i) commits", commit(state, i))
            if setup.rollsBack { add("agent \(i) rolls back", rollBack(state, i)) }
        }
        guard Int(agent.used) < setup.agents[i].writes else { return }
        let side = setup.agents[i].side
        if !someoneElseHoldsTable(state, i, side) {
            for id in 0..<setup.ids where !isHeld(state, side, id, except: i) { statements(state, i, side, id) }
        }
        if setup.movesTree, side == 0, !agent.movesTree, !othersMoveTree(state, i) { moveTree(state, i) }
        if setup.truncates { truncate(state, i, side) }
    }

    /// Somebody else's open transaction holds the row.
    func isHeld(_ state: State, _ side: Int, _ id: Int, except agent: Int?) -> Bool {
        for other in setup.agents.indices where other != agent && setup.agents[other].side == side {
            if state[agent: other].holds >> UInt8(id) & 1 == 1 { return true }
        }
        return (0..<setup.looks).contains { lookHolds(state, $0, side, id) }
    }

    private func someoneElseHoldsTable(_ state: State, _ i: Int, _ side: Int) -> Bool {
        setup.agents.indices.contains { $0 != i && setup.agents[$0].side == side && state[agent: $0].holdsTable }
    }

    private func othersMoveTree(_ state: State, _ i: Int) -> Bool {
        setup.agents.indices.contains { $0 != i && state[agent: $0].movesTree }
    }

    private mutating func statements(_ state: State, _ i: Int, _ side: Int, _ id: Int) {
        let agent = state[agent: i]
        let row = agent.holds >> UInt8(id) & 1 == 1 ? agent.rows[id] : state.now.row(side, id)
        let version = setup.base(i) + Int(agent.used) + 1
        let home = side == 0 ? (setup.movesTree ? Place.wanders : Place.fixed) : (setup.movesTree ? (state.now[World.moved] ? Place.nAfter : Place.nBefore) : Place.nFixed)
        let nowhere = side == 0 ? (setup.movesTree ? Place.homelessUntilMoved : Place.homeless) : Place.nCustom
        var places = [home]
        if setup.homeless { places.append(nowhere) }
        if row == 0 {
            for place in places { write(state, i, side, id, version, text: UInt8(version), place, embedding: 0, over: 0) }
            if setup.refused, side == 0 { write(state, i, side, id, version, text: UInt8(version) | 0x80, home, embedding: 0, over: 0) }
            return
        }
        if setup.homeless { places = [Row.place(row) == nowhere ? home : nowhere] }
        let embedding = Row.embedding(row)
        write(state, i, side, id, version, text: UInt8(version), Row.place(row), embedding: embedding, over: row)
        if setup.homeless { write(state, i, side, id, version, text: UInt8(version), places[0], embedding: embedding, over: row) }
        if setup.refused, side == 0 { write(state, i, side, id, version, text: UInt8(version) | 0x80, Row.place(row), embedding: embedding, over: row) }
        if setup.embeddings, side == 1 || setup.sharesEmbeddings {
            let text = state.now.texts[Row.version(row)]
            write(state, i, side, id, version, text: text, Row.place(row), embedding: UInt16(version), over: row)
        }
        delete(state, i, side, id, row)
    }

    private mutating func write(
        _ state: State, _ i: Int, _ side: Int, _ id: Int, _ version: Int, text: UInt8, _ place: UInt16, embedding: UInt16, over row: UInt16
    ) {
        var next = state
        let old = Row.version(row)
        next.now.texts[version] = text
        // Who writes where an agent of the same door has forgotten knew what was forgotten.
        var known: UInt16 = 1 << UInt16(version)
        if row != 0 {
            known |= next.now.known[old]
            next.now.lives[version] = next.now.lives[old]
        } else {
            let ended = state.now.ended[side] | state[agent: i].ends
            for other in 1...15 where ended >> UInt16(other) & 1 == 1 && Int(next.now.lives[other] >> 4) == id { known |= next.now.known[other] }
            next.now.lives[version] = UInt8(version) | UInt8(id) << 4
        }
        next.now.known[version] = known
        touch(&next, i, id, Row.make(version, place: place, embedding: embedding), dies: false)
        if row != 0 { next[agent: i].knows |= 1 << UInt16(old) }
        let what = row == 0 ? "inserts" : text == state.now.texts[old] ? "gives an embedding to" : "edits"
        add("agent \(i) \(what) id \(id) in v\(side + 1): version \(version)\(text & 0x80 != 0 ? ", which v2 refuses" : "") at place \(place)", next)
    }

    private mutating func delete(_ state: State, _ i: Int, _ side: Int, _ id: Int, _ row: UInt16) {
        var next = state
        touch(&next, i, id, 0, dies: true)
        next[agent: i].knows |= 1 << UInt16(Row.version(row))
        next[agent: i].ends |= 1 << UInt16(Row.version(row))
        add("agent \(i) deletes id \(id) in v\(side + 1)", next)
    }

    private func touch(_ next: inout State, _ i: Int, _ id: Int, _ row: UInt16, dies: Bool) {
        next[agent: i].isOpen = true
        next[agent: i].used += 1
        next[agent: i].holds |= 1 << UInt8(id)
        next[agent: i].rows[id] = row
        enter(&next, i, id, dies ? 2 : 1)
    }

    private func enter(_ next: inout State, _ i: Int, _ id: Int, _ entry: UInt8) {
        // The naive trigger finds a committed entry and adds none.
        if setup.variant == .deduplicatedLog, next.now.log[id] != 0 { return }
        next[agent: i].entries[id] |= entry
        if setup.variant == .cursorBySequence {
            next.now.made += 1
            next[agent: i].newest = next.now.made
        }
    }

    // MARK: - The tree, and whole tables

    private mutating func moveTree(_ state: State, _ i: Int) {
        var next = state
        next[agent: i].isOpen = true
        next[agent: i].used += 1
        next[agent: i].movesTree = true
        if setup.variant == .triggersThatEnumerate {
            for id in 0..<setup.ids where next.now.row(0, id) != 0 { enter(&next, i, id, 1) }
        } else {
            next[agent: i].marker |= 4
        }
        add("agent \(i) moves a workspace", next)
    }

    /// Waits for everybody who has the table open, a look's reading too.
    private mutating func truncate(_ state: State, _ i: Int, _ side: Int) {
        for other in setup.agents.indices where other != i && setup.agents[other].side == side {
            if state[agent: other].holds != 0 || state[agent: other].holdsTable { return }
        }
        for w in 0..<setup.looks where holdsTables(state[look: w]) { return }
        var next = state
        next[agent: i].isOpen = true
        next[agent: i].used += 1
        next[agent: i].holdsTable = true
        for id in 0..<setup.ids {
            let row = state[agent: i].holds >> UInt8(id) & 1 == 1 ? state[agent: i].rows[id] : state.now.row(side, id)
            if row != 0 {
                next[agent: i].knows |= 1 << UInt16(Row.version(row))
                next[agent: i].ends |= 1 << UInt16(Row.version(row))
            }
            next[agent: i].holds |= 1 << UInt8(id)
            next[agent: i].rows[id] = 0
            if setup.variant == .triggersThatEnumerate, ![.never, .gone].contains(next.now.agreed(id)) { enter(&next, i, id, 2) }
        }
        if setup.variant != .triggersThatEnumerate { next[agent: i].marker |= 1 << UInt8(side) }
        add("agent \(i) truncates v\(side + 1)", next)
    }

    /// Locks on tables are taken before the snapshot, so that a look is wholly before or wholly after a TRUNCATE.
    func holdsTables(_ look: Look) -> Bool {
        if look.kind == .expand || look.phase == .idle { return false }
        return look.phase != .begun || setup.variant != .snapshotBeforeLock
    }

    // MARK: - Ends

    private func commit(_ state: State, _ i: Int) -> State {
        var next = state
        let agent = state[agent: i]
        let side = setup.agents[i].side
        for id in 0..<setup.ids where agent.holds >> UInt8(id) & 1 == 1 {
            next.now.set(side, id, agent.rows[id])
            if agent.rows[id] != 0 { next.now.written |= 1 << UInt16(Row.version(agent.rows[id])) }
            for w in 0..<setup.looks where next[look: w].phase != .idle { next[look: w].staleRows |= 1 << UInt8(id * 2 + side) }
            if agent.holdsTable {
                // An old snapshot that reads the table from here on finds it empty.
                for w in 0..<setup.looks where next[look: w].phase == .begun { next[look: w].rows[id * 2 + side] = 0 }
            }
        }
        for id in 0..<setup.ids {
            // Behind the naive cursor an entry is never read.
            if setup.variant == .cursorBySequence, agent.newest <= next.now.read { continue }
            if agent.entries[id] & 1 != 0 { next.now.enter(id, kind: World.kind(side, false)) }
            if agent.entries[id] & 2 != 0 { next.now.enter(id, kind: World.kind(side, true)) }
        }
        next.now.newest = max(next.now.newest, agent.newest)
        next.now.written |= agent.knows & ownVersions(i)
        next.now.followed |= agent.knows
        next.now.ended[side] |= agent.ends
        if agent.movesTree { next.now[World.moved].toggle() }
        for kind in 0..<3 where agent.marker >> UInt8(kind) & 1 == 1 { next.now.markers |= 1 << UInt16(kind * 4) }
        next[agent: i].finish()
        return next
    }

    private func rollBack(_ state: State, _ i: Int) -> State {
        var next = state
        let own = ownVersions(i)
        for version in 1...15 where own >> UInt16(version) & 1 == 1 && state.now.written >> UInt16(version) & 1 == 0 { next.now.forgetGhost(version) }
        next[agent: i].finish()
        return next
    }

    private func ownVersions(_ i: Int) -> UInt16 {
        var mask: UInt16 = 0
        for version in (setup.base(i) + 1)..<(setup.base(i) + 1 + setup.agents[i].writes) { mask |= 1 << UInt16(version) }
        return mask
    }
}
