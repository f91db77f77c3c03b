/// What must hold: at every moment, and once nothing is left to do.
struct Claims {
    let setup: Setup

    /// A committed row that differs from what was agreed has an entry, or its id is parked, excepted, or still ahead of the copy.
    func brokenNow(_ state: State) -> String? {
        if setup.variant == .noPlaced || setup.variant == .placedOnlyByWrites { return nil }
        let world = state.now
        for id in 0..<setup.ids {
            if world[World.foreign(id)] || (!world[World.copyDone] && id >= Int(world.copyCursor)) { continue }
            if world.log[id] != 0 || world[World.excepted(id)] || world.markers != 0 { continue }
            let a = Moves.digest1(world.row(0, id), moved: world[World.moved], world, setup)
            let b = Moves.digest2(world.row(1, id), world, setup)
            switch world.agreed(id) {
            case .conflict:
                let record = UInt8(Row.version(world.row(0, id))) | UInt8(Row.version(world.row(1, id))) << 4
                if world.open[id] != record { return "id \(id) is parked, differs from its record, and nothing points at it" }
            case .live:
                if a != world.agreedDigest(id) || b != world.agreedDigest(id) { return "id \(id) differs from what was agreed, and nothing points at it" }
            case .never, .gone:
                if a != 0 || b != 0 { return "id \(id) is there, was not agreed on, and nothing points at it" }
            }
        }
        return nil
    }

    func isSettled(_ state: State) -> Bool {
        state.now[World.copyDone] && state.now.markers == 0 && (0..<setup.ids).allSatisfy { state.now.log[$0] == 0 } && isQuiet(state)
    }

    /// Nobody has a transaction open.
    func isQuiet(_ state: State) -> Bool {
        setup.agents.indices.allSatisfy { !state[agent: $0].isOpen } && (0..<setup.looks).allSatisfy { state[look: $0].phase == .idle }
    }

    func brokenAtRest(_ state: State) -> String? {
        let world = state.now
        for id in 0..<setup.ids {
            if let broken = unequal(world, id) { return broken }
            for side in 0...1 {
                let version = Row.version(world.row(side, id))
                if version != 0, !world[World.foreign(id)], world.lifeHasEnded(version) { return "version \(version) of id \(id) was forgotten and is in v\(side + 1)" }
            }
        }
        return lost(world)
    }

    private func unequal(_ world: World, _ id: Int) -> String? {
        if world[World.excepted(id)] || world[World.foreign(id)] { return nil }
        let record = UInt8(Row.version(world.row(0, id))) | UInt8(Row.version(world.row(1, id))) << 4
        if world.open[id] != 0, world.open[id] == record { return nil }
        let a = Moves.digest1(world.row(0, id), moved: world[World.moved], world, setup)
        let b = Moves.digest2(world.row(1, id), world, setup)
        return a == b ? nil : "id \(id) is unequal at rest, and nothing says so"
    }

    /// A write that no write followed is in a store, or is kept because its memory was forgotten, or a person chose another.
    private func lost(_ world: World) -> String? {
        var resting: UInt16 = 0
        for id in 0..<setup.ids {
            for side in 0...1 { resting |= 1 << UInt16(Row.version(world.row(side, id))) }
        }
        for version in 1...15 where world.written >> UInt16(version) & 1 == 1 && (world.followed | resting) >> UInt16(version) & 1 == 0 {
            let id = Int(world.lives[version] >> 4)
            // An embedding that only v2 can hold goes where its text goes.
            if !setup.sharesEmbeddings, (1..<version).contains(where: { world.texts[$0] == world.texts[version] }) { continue }
            if world.kept >> UInt16(version) & 1 == 0 { return "version \(version) is nowhere, and nobody knew it" }
            let forgotten = (1...15).contains { world.endedAnywhere >> UInt16($0) & 1 == 1 && Int(world.lives[$0] >> 4) == id }
            if !forgotten, !world[World.settledByPerson(id)] { return "version \(version) is in no store, and nobody forgot its memory" }
        }
        return nil
    }
}
