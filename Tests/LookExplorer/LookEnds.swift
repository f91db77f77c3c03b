/// What a look writes, and what its commit makes of the world.
extension Moves {
    // MARK: - Writing

    /// Consumes, agrees and writes in its own transaction. Waits where others hold; fails where others were first.
    mutating func carryOut(_ state: State, _ w: Int) {
        let look = state[look: w]
        let others = (0..<setup.looks).filter { $0 != w && state[look: $0].phase == .written && state[look: $0].kind != .expand }
        let ids = planned(look)
        let lenient = setup.variant == .digestCheckWithoutLock || setup.variant == .readThenConsume
        for id in ids where look.kind != .staleCopy {
            if others.contains(where: { (state[look: $0].ids & ~state[look: $0].busy) >> UInt8(id) & 1 == 1 }) { return }
            if !lenient, (look.stalePlaced | look.staleLog) >> UInt8(id) & 1 == 1 { return }
        }
        if look.kind == .copy, look.staleCopy { return }
        var refusals = 0
        for id in ids {
            let action = look.kind == .staleCopy ? .ins2 : verdict(look, id, state.now).action
            switch action {
            case .ins1, .ins2:
                let side = action == .ins1 ? 0 : 1
                if isHeld(state, side, id, except: nil) { return }
                if state.now.row(side, id) != 0, look.kind != .staleCopy { return }
            default: break
            }
            let carried = Row.version(look.rows[id * 2])
            if !look.isRefused, [.ins2, .upd2].contains(action), carried != 0, state.now.refused(carried) { refusals += 1 }
        }
        var next = state
        if refusals > 0 {
            // A batch is split until the one row stands alone.
            if ids.count > 1 || look.kind == .choice { return }
            next[look: w].isRefused = true
        }
        next[look: w].phase = .written
        add("look \(w) writes\(refusals > 0 ? ", and lists the row v2 refuses" : "")", next)
    }

    // MARK: - Markers

    mutating func expand(_ state: State, _ w: Int) {
        let look = state[look: w]
        var next = state
        if look.staleMarkers { return }
        for kind in 0..<2 where look.markers >> UInt8(kind) & 1 == 1 {
            for id in 0..<setup.ids where ![0, 2].contains(look.placed[id] >> 12) { next.now.enter(id, kind: World.kind(kind, true)) }
        }
        if look.markers & 4 != 0 {
            for id in 0..<setup.ids {
                if look.rows[id * 2] != 0 { next.now.enter(id, kind: World.kind(0, false)) }
                if state.now[World.excepted(id)] { next.now.enter(id, kind: World.kind(0, false)) }
            }
        }
        next.now.markers &= ~World.ofLook(w)
        for other in 0..<setup.looks where other != w && next[look: other].phase != .idle && next[look: other].kind == .expand { next[look: other].staleMarkers = true }
        add("look \(w) has expanded the markers", end(next, w))
    }

    // MARK: - Commit

    mutating func commitLook(_ state: State, _ w: Int) {
        let look = state[look: w]
        var next = state
        var wrong: String?
        if look.kind == .staleCopy {
            insertStale(&next, look)
        } else {
            for id in planned(look) { settle(&next, w, look, id, &wrong) }
        }
        if look.kind == .copy || look.kind == .staleCopy {
            if look.kind == .copy {
                for id in 0..<setup.ids where look.busy >> UInt8(id) & 1 == 1 { next.now.enter(id, kind: World.kind(0, false)) }
            }
            next.now.copyCursor = look.cursor
            next.now[World.copyDone] = look.ends
            for other in 0..<setup.looks where other != w && next[look: other].phase != .idle { next[look: other].staleCopy = true }
        }
        if look.kind == .choice { next.now[World.settledByPerson(Int(look.keys))] = true }
        add("look \(w) commits", end(next, w), wrong: wrong)
    }

    private func insertStale(_ next: inout State, _ look: Look) {
        for id in planned(look) where next.now.row(1, id) == 0 && look.rows[id * 2] != 0 {
            let row = look.rows[id * 2]
            next.now.set(1, id, Row.make(Row.version(row), place: Place.target(Row.place(row), moved: look.moved), embedding: Row.embedding(row)))
        }
    }

    private func settle(_ next: inout State, _ w: Int, _ look: Look, _ id: Int, _ wrong: inout String?) {
        let verdict = verdict(look, id, next.now)
        let one = look.rows[id * 2]
        let two = look.rows[id * 2 + 1]
        consume(&next, w, id)
        next.now[World.foreign(id)] = false
        next.now.open[id] = 0
        if verdict.action == .conflict {
            judgeConflict(Row.version(one), Row.version(two), id, look, next.now, &wrong)
            next.now.open[id] = UInt8(Row.version(one)) | UInt8(Row.version(two)) << 4
            next.now.kept |= 1 << UInt16(Row.version(one)) | 1 << UInt16(Row.version(two))
        }
        let overwritten: UInt16 = [.upd1, .del1].contains(verdict.action) ? one : [.upd2, .del2].contains(verdict.action) ? two : 0
        if verdict.keeps, overwritten != 0 { next.now.kept |= 1 << UInt16(Row.version(overwritten)) }
        next.now[World.excepted(id)] = verdict.listed
        agree(&next, w, look, id, verdict)
        write(&next, w, look, id, verdict, &wrong)
    }

    private func consume(_ next: inout State, _ w: Int, _ id: Int) {
        if setup.variant == .cursorBySequence { next.now.log[id] = 0 }
        let gone: UInt16
        if setup.variant == .readThenConsume {
            gone = next.now.log[id]
            next.now.log[id] = 0
        } else {
            gone = next.now.consume(id, w)
        }
        for other in 0..<setup.looks where other != w && next[look: other].phase != .idle {
            if gone & World.ofLook(other) != 0 { next[look: other].staleLog |= 1 << UInt8(id) }
        }
    }

    private func agree(_ next: inout State, _ w: Int, _ look: Look, _ id: Int, _ verdict: Judging.Verdict) {
        if setup.variant == .noPlaced { return }
        if setup.variant == .placedOnlyByWrites, [.same, .exception].contains(verdict.action) { return }
        let a = Moves.digest1(look.rows[id * 2], moved: look.moved, next.now, setup)
        let b = Moves.digest2(look.rows[id * 2 + 1], next.now, setup)
        let before = Judging.Agreed(rawValue: UInt8(look.placed[id] >> 12)) ?? .never
        switch verdict.action {
        case .same where look.kind == .choice && a != b: break
        case .same where a != 0, .ins2, .upd2: next.now.agree(id, .live, a)
        case .ins1, .upd1: next.now.agree(id, .live, b)
        case .same, .del1, .del2: next.now.agree(id, .gone, 0)
        case .conflict: next.now.agree(id, .conflict, look.placed[id] & 0xFFF)
        case .exception: next.now.agree(id, before == .never ? .gone : before, look.placed[id] & 0xFFF)
        }
        for other in 0..<setup.looks where other != w && next[look: other].phase != .idle { next[look: other].stalePlaced |= 1 << UInt8(id) }
    }

    private func write(_ next: inout State, _ w: Int, _ look: Look, _ id: Int, _ verdict: Judging.Verdict, _ wrong: inout String?) {
        let one = look.rows[id * 2]
        let two = look.rows[id * 2 + 1]
        let side: Int
        var row: UInt16 = 0
        switch verdict.action {
        case .ins2, .upd2:
            side = 1
            // Where v1 has no column for embeddings, v2's stay.
            let embedding = setup.sharesEmbeddings ? Row.embedding(one) : verdict.action == .upd2 ? Row.embedding(two) : 0
            row = Row.make(Row.version(one), place: Place.target(Row.place(one), moved: look.moved), embedding: embedding)
        case .ins1, .upd1:
            side = 0
            let kept = one != 0 && Place.target(Row.place(one), moved: look.moved) == Row.place(two)
            let place = kept ? Row.place(one) : Place.reverse(Row.place(two), moved: look.moved) ?? Place.fixed
            row = Row.make(Row.version(two), place: place, embedding: setup.sharesEmbeddings ? Row.embedding(two) : 0)
        case .del1: side = 0
        case .del2: side = 1
        default: return
        }
        let before = next.now.row(side, id)
        if look.kind == .choice {
            let saw = side == 0 ? look.sawA : look.sawB
            let found = side == 0 ? Moves.digest1(before, moved: look.moved, next.now, setup) : Moves.digest2(before, next.now, setup)
            if saw != found { wrong = "a choice overwrites version \(Row.version(before)), which the person had not seen" }
        } else {
            judgeWrite(before, row, next.now, &wrong)
        }
        next.now.set(side, id, row)
        // Whatever died there before, it was not what we have inserted.
        if [.ins1, .ins2].contains(verdict.action), setup.variant != .deathsWithoutOrder { next.now.outlive(id, side: side) }
        for other in 0..<setup.looks where other != w && next[look: other].phase != .idle { next[look: other].staleRows |= 1 << UInt8(id * 2 + side) }
    }

    // MARK: - What a look must not do

    /// What is overwritten or deleted was known to the write or forget that is carried, or is kept.
    private func judgeWrite(_ before: UInt16, _ after: UInt16, _ world: World, _ wrong: inout String?) {
        let old = Row.version(before)
        if before == 0 || world.kept >> UInt16(old) & 1 == 1 { return }
        if after != 0 {
            if !world.knew(Row.version(after), old, wordsAlone: !setup.sharesEmbeddings) { wrong = "version \(old) is overwritten unseen by version \(Row.version(after))" }
            return
        }
        let ends = world.endedAnywhere
        let known = (1...15).contains { ends >> UInt16($0) & 1 == 1 && world.knew($0, old, wordsAlone: !setup.sharesEmbeddings) }
        if !known { wrong = "version \(old) is deleted, and nobody forgot it" }
    }

    private func judgeConflict(_ a: Int, _ b: Int, _ id: Int, _ look: Look, _ world: World, _ wrong: inout String?) {
        // A workspace that moves changes rows that nobody wrote.
        if setup.movesTree { return }
        if world.knew(a, b, wordsAlone: false) || world.knew(b, a, wordsAlone: false) { wrong = "a conflict about id \(id) without concurrency: versions \(a) and \(b)" }
    }
}
