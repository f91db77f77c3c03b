/// One agent: an open transaction under READ COMMITTED, or none.
struct Agent: Equatable {
    var used: UInt8 = 0
    var isOpen = false
    /// Ids whose row it holds, and what that row becomes.
    var holds: UInt8 = 0
    var rows = SIMD2<UInt16>()
    /// For each id, bit 0 an entry, bit 1 a death.
    var entries = SIMD2<UInt8>()
    var knows: UInt16 = 0
    var ends: UInt16 = 0
    var holdsTable = false
    var movesTree = false
    var marker: UInt8 = 0
    var newest: UInt8 = 0

    mutating func finish() { self = Agent(used: used) }
}

/// A look under way: what its snapshot showed, and what became of those rows since.
struct Look: Equatable {
    enum Phase: UInt8 { case idle, begun, read, locked, written }
    enum Kind: UInt8 { case look, copy, expand, choice, staleCopy }

    var phase = Phase.idle
    var kind = Kind.look
    var ids: UInt8 = 0
    var busy: UInt8 = 0
    /// v1 and v2 of each id.
    var rows = SIMD4<UInt16>()
    var placed = SIMD2<UInt16>()
    /// Bit 0 v1 died, bit 1 v2 died.
    var died = SIMD2<UInt8>()
    var moved = false
    var markers: UInt8 = 0
    var keys: UInt8 = 0
    var ends = false
    var cursor: UInt8 = 0
    /// Rows, agreements, entries and the cursor that somebody else changed since the snapshot.
    var staleRows: UInt8 = 0
    var stalePlaced: UInt8 = 0
    var staleLog: UInt8 = 0
    var staleCopy = false
    var staleMarkers = false
    /// Found out in the attempt: v2 refuses the one row.
    var isRefused = false
    /// What a person saw before choosing, and the side chosen.
    var sawA: UInt16 = 0
    var sawB: UInt16 = 0
    var chosen: UInt8 = 0
}

/// Everything at one moment.
struct State: Equatable {
    var now = World()
    /// What a power failure leaves. Only kept where power fails.
    var safe = World()
    var agents: (Agent, Agent, Agent) = (Agent(), Agent(), Agent())
    var looks: (Look, Look) = (Look(), Look())

    subscript(agent i: Int) -> Agent {
        get { i == 0 ? agents.0 : i == 1 ? agents.1 : agents.2 }
        set { if i == 0 { agents.0 = newValue } else if i == 1 { agents.1 = newValue } else { agents.2 = newValue } }
    }
    subscript(look w: Int) -> Look {
        get { w == 0 ? looks.0 : looks.1 }
        set { if w == 0 { looks.0 = newValue } else { looks.1 = newValue } }
    }

    static func == (one: State, two: State) -> Bool {
        one.now == two.now && one.safe == two.safe && one.agents == two.agents && one.looks == two.looks
    }

    /// 128 bits that stand for the state: among ten million states two that share them are not to be expected in the lifetime of the sun.
    var fingerprint: Fingerprint {
        var print = Fingerprint()
        print.add(now)
        print.add(safe)
        print.add(agents.0)
        print.add(agents.1)
        print.add(agents.2)
        print.add(looks.0)
        print.add(looks.1)
        return print
    }
}

struct Fingerprint: Hashable {
    var one: UInt64 = 0x243F_6A88_85A3_08D3
    var two: UInt64 = 0x1319_8A2E_0370_7344

    mutating func add(_ word: UInt64) {
        one = (one ^ word) &* 0x9E37_79B9_7F4A_7C15
        one ^= one >> 29
        two = (two &+ word) &* 0xD6E8_FEB8_6659_FD93
        two ^= two >> 32
    }


    mutating func add(_ world: World) {
        add(unsafeBitCast(world.rows, to: UInt64.self))
        add(UInt64(unsafeBitCast(world.placed, to: UInt32.self)) << 32 | UInt64(unsafeBitCast(world.log, to: UInt32.self)))
        pack(world.markers, UInt16(world.open[0]) << 8 | UInt16(world.open[1]), world.bits, UInt16(world.copyCursor) << 8 | UInt16(world.made))
        pack(UInt16(world.newest) << 8 | UInt16(world.read), world.written, world.followed, world.kept)
        add(UInt64(unsafeBitCast(world.ended, to: UInt32.self)))
        let known = unsafeBitCast(world.known, to: SIMD4<UInt64>.self)
        for index in 0..<4 { add(known[index]) }
        let texts = unsafeBitCast(world.texts, to: SIMD2<UInt64>.self)
        add(texts[0])
        add(texts[1])
        let lives = unsafeBitCast(world.lives, to: SIMD2<UInt64>.self)
        add(lives[0])
        add(lives[1])
    }

    mutating func add(_ agent: Agent) {
        pack(UInt16(agent.used) << 8 | UInt16(agent.holds), UInt16(agent.entries[0]) << 8 | UInt16(agent.entries[1]), agent.knows, agent.ends)
        pack(agent.rows[0], agent.rows[1], UInt16(agent.marker) << 8 | UInt16(agent.newest), (agent.isOpen ? 1 : 0) | (agent.holdsTable ? 2 : 0) | (agent.movesTree ? 4 : 0))
    }

    mutating func add(_ look: Look) {
        add(unsafeBitCast(look.rows, to: UInt64.self))
        pack(look.placed[0], look.placed[1], UInt16(look.phase.rawValue) << 8 | UInt16(look.kind.rawValue), UInt16(look.ids) << 8 | UInt16(look.busy))
        pack(UInt16(look.died[0]) << 8 | UInt16(look.died[1]), UInt16(look.markers) << 8 | UInt16(look.keys), UInt16(look.cursor) << 8 | UInt16(look.staleRows), UInt16(look.stalePlaced) << 8 | UInt16(look.staleLog))
        let flags: UInt16 = (look.moved ? 1 : 0) | (look.ends ? 2 : 0) | (look.staleCopy ? 4 : 0) | (look.staleMarkers ? 8 : 0) | (look.isRefused ? 16 : 0)
        pack(look.sawA, look.sawB, UInt16(look.chosen), flags)
    }

    private mutating func pack(_ a: UInt16, _ b: UInt16, _ c: UInt16, _ d: UInt16) {
        add(UInt64(a) << 48 | UInt64(b) << 32 | UInt64(c) << 16 | UInt64(d))
    }
}
