/// One exploration: who does what, and how the looks are done.
struct Setup: Sendable {
    enum Start: Sendable { case nothing, v1, live, equalInBoth, unequalInBoth, v2Only, conflict, homeless }
    /// Everything but `.lawful` loses, revives or overwrites something; each must be seen doing so.
    enum Variant: String, Sendable, CaseIterable {
        case lawful, cursorBySequence, noPlaced, copyInsertsIfAbsent, digestCheckWithoutLock, readThenConsume, deduplicatedLog, logWithoutDel
        case triggersThatEnumerate
        /// A row v2 refuses is listed, and the old life's row stays.
        case refusalKeepsOldLife
        /// Rows found in v2 are agreed on one by one as the copy comes to them.
        case adoptionByTheCopy
        /// A snapshot is taken before the tables are locked: TRUNCATE does not heed it.
        case snapshotBeforeLock
        /// A person's choice is carried out whatever the rows have become.
        case choiceWithoutCondition
        /// Markers are expanded while a look is under way.
        case expandsBesideLooks
        /// A death on the side a look inserts into, committed after its snapshot, is taken for the death of what it inserted.
        case deathsWithoutOrder
        /// Only looks that write something note what was agreed.
        case placedOnlyByWrites
    }

    let name: String
    var ids = 1
    /// For each agent its side and how many writes it has.
    var agents: [(side: Int, writes: Int)] = [(0, 2), (1, 2)]
    var writers = 1
    var start: [Start] = [.v1]
    var copies = true
    var variant = Variant.lawful
    var rollsBack = true
    /// Agents also write rows that the other store has no place for.
    var homeless = false
    /// v1's agents also write texts that v2 refuses when it gets them.
    var refused = false
    var embeddings = false
    /// v1 has a column for embeddings.
    var sharesEmbeddings = true
    var movesTree = false
    var truncates = false
    var person = false
    var powerFails = false
    /// Part of a sampled run.
    var sampled = false

    /// Looks that may be under way: the writers', and a person's choice after them.
    var looks: Int { writers + (person ? 1 : 0) }
    func isPerson(_ w: Int) -> Bool { person && w == writers }

    /// Version numbers before an agent's first.
    func base(_ agent: Int) -> Int {
        initialVersions + agents[..<agent].reduce(0) { $0 + $1.writes }
    }
    var initialVersions: Int { start.count * 2 }
    var versions: Int { base(agents.count) }

    var initial: World {
        var world = World()
        world[World.copyDone] = !copies
        for (id, start) in start.enumerated() {
            let one = id * 2 + 1
            let two = id * 2 + 2
            for version in [one, two] {
                world.known[version] = 1 << UInt16(version)
                world.texts[version] = UInt8(version)
                world.lives[version] = UInt8(version) | UInt8(id) << 4
            }
            begin(id, start, one, two, &world)
        }
        return world
    }

    private func begin(_ id: Int, _ start: Start, _ one: Int, _ two: Int, _ world: inout World) {
        let row = Row.make(one, place: movesTree ? Place.wanders : Place.fixed, embedding: 0)
        let other = Row.make(start == .unequalInBoth || start == .v2Only || start == .conflict ? two : one, place: movesTree ? Place.nBefore : Place.nFixed, embedding: 0)
        if start != .nothing, start != .v2Only { world.set(0, id, start == .homeless ? Row.make(one, place: Place.homelessUntilMoved, embedding: 0) : row) }
        if [.live, .equalInBoth, .unequalInBoth, .v2Only, .conflict].contains(start) { world.set(1, id, other) }
        let digest = Moves.digest2(other, world, self)
        switch start {
        case .live: world.agree(id, .live, digest)
        // Both triggers stand, nothing was looked at: what is equal is agreed on at once.
        case .equalInBoth where variant != .adoptionByTheCopy: world.agree(id, .live, digest)
        case .conflict:
            world.agree(id, .conflict, 0)
            world.open[id] = UInt8(one) | UInt8(two) << 4
            world.kept |= 1 << UInt16(one) | 1 << UInt16(two)
        case .homeless:
            world.agree(id, .gone, 0)
            world[World.excepted(id)] = true
        default: break
        }
        if start == .v2Only || start == .unequalInBoth { world[World.foreign(id)] = true }
    }
}
