/// The steps of a look: snapshot, plan, row locks, writes, commit; and its death at any of them.
extension Moves {
    mutating func lookMoves(_ state: State, _ w: Int) {
        let look = state[look: w]
        if look.phase != .idle { add("look \(w) is killed", end(state, w)) }
        switch look.phase {
        case .idle where setup.isPerson(w): personLooksAtList(state, w)
        case .idle: begin(state, w)
        case .begun: read(state, w)
        case .read: lock(state, w)
        case .locked: carryOut(state, w)
        case .written: commitLook(state, w)
        }
    }

    private var isNaive: Bool { [.digestCheckWithoutLock, .readThenConsume].contains(setup.variant) }

    func end(_ state: State, _ w: Int) -> State {
        var next = state
        next.now.unsee(w, ids: setup.ids)
        next[look: w] = Look()
        return next
    }

    // MARK: - Beginning

    private mutating func begin(_ state: State, _ w: Int) {
        if state.now.markers != 0 {
            // Expanding waits for every look under way: what such a look is about to insert would not be found in the subtree.
            let waits = setup.variant != .expandsBesideLooks
            if (0..<setup.looks).contains(where: { $0 != w && state[look: $0].phase != .idle && (waits || state[look: $0].kind == .expand) }) { return }
            var next = state
            next[look: w].phase = .begun
            next[look: w].kind = .expand
            for kind in 0..<3 where state.now.markers >> UInt16(kind * 4) & 0xF != 0 { next[look: w].markers |= 1 << UInt8(kind) }
            next.now.seeMarkers(w)
            snapshot(&next, w, ids: UInt8(1 << setup.ids) - 1)
            add("look \(w) begins to expand markers", next)
            return
        }
        if setup.variant != .snapshotBeforeLock, setup.agents.indices.contains(where: { state[agent: $0].holdsTable }) { return }
        if expandsNow(state, w) { return }
        // Any part of the ids that have entries: a batch, and what became of it after it was split.
        for ids in 1..<UInt8(1 << setup.ids) where (0..<setup.ids).allSatisfy({ ids >> UInt8($0) & 1 == 0 || state.now.log[$0] != 0 }) {
            var next = state
            next[look: w].phase = .begun
            next[look: w].kind = .look
            snapshot(&next, w, ids: ids)
            if setup.variant == .cursorBySequence { next.now.read = max(next.now.read, next.now.newest) }
            add("look \(w) begins with ids \(names(ids))", next)
        }
        if state.now[World.copyDone] { return }
        if (0..<setup.looks).contains(where: { $0 != w && [.copy, .staleCopy].contains(state[look: $0].kind) && state[look: $0].phase != .idle }) { return }
        for limit in 1...setup.ids { beginCopy(state, w, limit) }
    }

    private func expandsNow(_ state: State, _ w: Int) -> Bool {
        setup.variant != .expandsBesideLooks
            && (0..<setup.looks).contains { $0 != w && state[look: $0].kind == .expand && state[look: $0].phase != .idle }
    }

    private mutating func beginCopy(_ state: State, _ w: Int, _ limit: Int) {
        var keys: [Int] = []
        for id in Int(state.now.copyCursor)..<max(setup.ids, Int(state.now.copyCursor)) where state.now.row(0, id) != 0 && keys.count < limit { keys.append(id) }
        var next = state
        next[look: w].phase = .begun
        next[look: w].kind = setup.variant == .copyInsertsIfAbsent ? .staleCopy : .copy
        next[look: w].cursor = keys.last.map { UInt8($0 + 1) } ?? state.now.copyCursor
        next[look: w].ends = keys.count < limit
        snapshot(&next, w, ids: keys.reduce(0) { $0 | 1 << UInt8($1) })
        next[look: w].keys = next[look: w].ids
        add("look \(w) begins a chunk of \(limit): ids \(names(next[look: w].ids))", next)
    }

    private func snapshot(_ next: inout State, _ w: Int, ids: UInt8) {
        var look = next[look: w]
        look.ids = ids
        look.moved = next.now[World.moved]
        for id in 0..<setup.ids where ids >> UInt8(id) & 1 == 1 {
            look.rows[id * 2] = next.now.row(0, id)
            look.rows[id * 2 + 1] = next.now.row(1, id)
            look.placed[id] = next.now.placed[id]
            look.died[id] = (next.now.has(id, kind: World.kind(0, true)) ? 1 : 0) | (next.now.has(id, kind: World.kind(1, true)) ? 2 : 0)
            if look.kind != .expand { next.now.see(id, w) }
        }
        next[look: w] = look
    }

    private func names(_ ids: UInt8) -> String {
        (0..<setup.ids).filter { ids >> UInt8($0) & 1 == 1 }.map(String.init).joined(separator: " and ")
    }

    // MARK: - Plan

    /// Reading locks the tables: it waits for a TRUNCATE that is under way.
    private mutating func read(_ state: State, _ w: Int) {
        if state[look: w].kind == .expand { return expand(state, w) }
        if setup.agents.indices.contains(where: { state[agent: $0].holdsTable }) { return }
        var next = state
        next[look: w].phase = .read
        add("look \(w) reads", next)
    }

    func verdict(_ look: Look, _ id: Int, _ world: World) -> Judging.Verdict {
        let one = look.rows[id * 2]
        let two = look.rows[id * 2 + 1]
        let forgetful = setup.variant == .noPlaced
        let agreed = forgetful ? .never : Judging.Agreed(rawValue: UInt8(look.placed[id] >> 12)) ?? .never
        let blind = setup.variant == .logWithoutDel
        let keepsPlace = one != 0 && two != 0 && Place.target(Row.place(one), moved: look.moved) == Row.place(two)
        var judging = Judging(
            a: Moves.digest1(one, moved: look.moved, world, setup), b: Moves.digest2(two, world, setup), agreed: agreed,
            digest: look.placed[id] & 0xFFF, died1: !blind && look.died[id] & 1 != 0, died2: !blind && look.died[id] & 2 != 0)
        judging.fits2 = one == 0 || Place.target(Row.place(one), moved: look.moved) != Place.nNone
        judging.fits1 = two == 0 || keepsPlace || Place.reverse(Row.place(two), moved: look.moved) != nil
        var verdict = judging.verdict
        if look.kind == .choice, verdict.action == .conflict {
            verdict.action = look.chosen == 1 ? (judging.fits2 ? .upd2 : .same) : (judging.fits1 ? .upd1 : .same)
        }
        if look.isRefused {
            if setup.variant == .refusalKeepsOldLife {
                verdict.action = .exception
                verdict.keeps = false
                verdict.listed = true
            } else {
                verdict.except()
            }
        }
        return verdict
    }

    /// Ids of the look that it still means to do something with.
    func planned(_ look: Look) -> [Int] { (0..<setup.ids).filter { (look.ids & ~look.busy) >> UInt8($0) & 1 == 1 } }

    func lookHolds(_ state: State, _ w: Int, _ side: Int, _ id: Int) -> Bool {
        let look = state[look: w]
        guard [.locked, .written].contains(look.phase), look.kind != .expand, (look.ids & ~look.busy) >> UInt8(id) & 1 == 1 else { return false }
        if look.kind == .staleCopy { return look.phase == .written && side == 1 }
        switch verdict(look, id, state.now).action {
        case .upd1, .del1: return side == 0 && setup.variant != .digestCheckWithoutLock || side == 0 && look.phase == .written
        case .upd2, .del2: return side == 1 && setup.variant != .digestCheckWithoutLock || side == 1 && look.phase == .written
        case .ins1: return side == 0 && look.phase == .written
        case .ins2: return side == 1 && look.phase == .written
        default: return false
        }
    }

    // MARK: - Row locks

    /// SKIP LOCKED: what others hold is left alone. A row that changed since the snapshot ends the look.
    private mutating func lock(_ state: State, _ w: Int) {
        let look = state[look: w]
        var next = state
        next[look: w].phase = .locked
        if look.kind != .staleCopy, setup.variant != .digestCheckWithoutLock {
            for id in planned(look) {
                let side: Int
                switch verdict(look, id, state.now).action {
                case .upd1, .del1: side = 0
                case .upd2, .del2: side = 1
                default: continue
                }
                if isHeld(state, side, id, except: nil) {
                    next[look: w].busy |= 1 << UInt8(id)
                } else if look.staleRows >> UInt8(id * 2 + side) & 1 == 1, !isNaive {
                    return
                }
            }
        }
        // A person's row that somebody holds is not chosen now.
        if look.kind == .choice, next[look: w].busy != 0 { return }
        add("look \(w) locks its rows\(next[look: w].busy != 0 ? ", but for busy \(names(next[look: w].busy))" : "")", next)
    }

    // MARK: - A person's choice

    /// The conflict as the list shows it; the choice comes later.
    private mutating func personLooksAtList(_ state: State, _ w: Int) {
        let look = state[look: w]
        if look.chosen == 0 {
            for id in 0..<setup.ids where state.now.agreed(id) == .conflict && state.now.open[id] != 0 && !state.now[World.settledByPerson(id)] {
                // The list shows the record; where a row has moved on meanwhile the choice can only be refused.
                let rows = UInt8(Row.version(state.now.row(0, id))) | UInt8(Row.version(state.now.row(1, id))) << 4
                if rows != state.now.open[id], setup.variant == .lawful { continue }
                for side in 1...2 {
                    var next = state
                    next[look: w].chosen = UInt8(side)
                    next[look: w].keys = UInt8(id)
                    next[look: w].sawA = Moves.digest1(state.now.row(0, id), moved: state.now[World.moved], state.now, setup)
                    next[look: w].sawB = Moves.digest2(state.now.row(1, id), state.now, setup)
                    add("a person sees the conflict about id \(id) and prefers v\(side)", next)
                }
            }
            return
        }
        if state.now.markers != 0 || setup.agents.indices.contains(where: { state[agent: $0].holdsTable }) || expandsNow(state, w) { return }
        let id = Int(look.keys)
        var next = state
        next[look: w].phase = .begun
        next[look: w].kind = .choice
        snapshot(&next, w, ids: 1 << UInt8(id))
        let seen = next[look: w]
        let same =
            seen.sawA == Moves.digest1(seen.rows[id * 2], moved: seen.moved, next.now, setup)
            && seen.sawB == Moves.digest2(seen.rows[id * 2 + 1], next.now, setup) && next.now.agreed(id) == .conflict
        let fits = look.chosen == 1
            ? Place.target(Row.place(seen.rows[id * 2]), moved: seen.moved) != Place.nNone
            : Place.reverse(Row.place(seen.rows[id * 2 + 1]), moved: seen.moved) != nil
        if !fits {
            next = end(state, w)
            next.now[World.settledByPerson(id)] = true
            add("the choice about id \(id) is refused: the other store has no place for it", next)
            return
        }
        if !same, setup.variant != .choiceWithoutCondition || seen.rows[id * 2] == 0 || seen.rows[id * 2 + 1] == 0 || next.now.agreed(id) != .conflict {
            next = end(state, w)
            next.now[World.settledByPerson(id)] = true
            add("the choice about id \(id) is refused: the rows are not what was seen", next)
            return
        }
        add("the choice about id \(id) begins", next)
    }
}
