/// What is committed: two stores, what the looks remember, and the ghosts that only the checker reads.
///
/// A row is a version, a place and an embedding in 12 bits, 0 where there is none. Ids are 0 and 1, sides 0 (v1) and 1 (v2).
struct World: Equatable {
    var rows = SIMD4<UInt16>()
    /// Digest in 11 bits, above it what was agreed: 0 never, 1 live, 2 gone, 3 conflict.
    var placed = SIMD2<UInt16>()
    /// For side, death and the set of looks that have seen it one bit: entries that agree in all three share their fate.
    var log = SIMD2<UInt16>()
    /// Truncate of v1, of v2, and a moved subtree, each for the set of expansions that have seen it.
    var markers: UInt16 = 0
    /// Versions in an open conflict record, v1's below, v2's above.
    var open = SIMD2<UInt8>()
    var bits: UInt16 = 0
    var copyCursor: UInt8 = 0
    /// The naive cursor: entries made so far, the newest committed one, and how far it has read.
    var made: UInt8 = 0
    var newest: UInt8 = 0
    var read: UInt8 = 0

    // Ghosts: versions are numbered from 1; bit n is version n.
    var known = SIMD16<UInt16>()
    var texts = SIMD16<UInt8>()
    var lives = SIMD16<UInt8>()
    var written: UInt16 = 0
    var followed: UInt16 = 0
    var kept: UInt16 = 0
    var ended = SIMD2<UInt16>()

    // MARK: - Bits

    static let moved = 0, copyDone = 1
    static func excepted(_ id: Int) -> Int { 2 + id }
    static func foreign(_ id: Int) -> Int { 4 + id }
    static func settledByPerson(_ id: Int) -> Int { 6 + id }

    subscript(bit: Int) -> Bool {
        get { bits >> UInt16(bit) & 1 == 1 }
        set { bits = newValue ? bits | 1 << UInt16(bit) : bits & ~(1 << UInt16(bit)) }
    }

    // MARK: - Rows

    func row(_ side: Int, _ id: Int) -> UInt16 { rows[id * 2 + side] }
    mutating func set(_ side: Int, _ id: Int, _ row: UInt16) { rows[id * 2 + side] = row }

    func agreed(_ id: Int) -> Judging.Agreed { Judging.Agreed(rawValue: UInt8(placed[id] >> 12)) ?? .never }
    func agreedDigest(_ id: Int) -> UInt16 { placed[id] & 0xFFF }
    mutating func agree(_ id: Int, _ state: Judging.Agreed, _ digest: UInt16) { placed[id] = UInt16(state.rawValue) << 12 | digest }

    // MARK: - Log

    /// Kind 0 to 3: side, and whether it is a death.
    static func kind(_ side: Int, _ del: Bool) -> Int { side * 2 + (del ? 1 : 0) }

    mutating func enter(_ id: Int, kind: Int) { log[id] |= 1 << UInt16(kind * 4) }

    func has(_ id: Int, kind: Int) -> Bool { log[id] >> UInt16(kind * 4) & 0xF != 0 }

    func hasEntry(_ id: Int, side: Int) -> Bool { has(id, kind: side * 2) || has(id, kind: side * 2 + 1) }

    /// Deaths on that side count as mere changes from here on.
    mutating func outlive(_ id: Int, side: Int) {
        let deaths = log[id] >> UInt16((side * 2 + 1) * 4) & 0xF
        log[id] &= ~(0xF << UInt16((side * 2 + 1) * 4))
        log[id] |= deaths << UInt16(side * 8)
    }

    /// Everything there is now counts as seen by look `w`.
    mutating func see(_ id: Int, _ w: Int) { log[id] = Self.seen(log[id], w) }
    mutating func seeMarkers(_ w: Int) { markers = Self.seen(markers, w) }

    /// Removes what `w` has seen; answers the bits of what went.
    mutating func consume(_ id: Int, _ w: Int) -> UInt16 {
        let mine = log[id] & Self.ofLook(w)
        log[id] &= ~mine
        return mine
    }

    /// Look `w` is over: what it had seen and left is as new for the next.
    mutating func unsee(_ w: Int, ids: Int) {
        for id in 0..<ids { log[id] = Self.unseen(log[id], w) }
        markers = Self.unseen(markers, w)
    }

    static func ofLook(_ w: Int) -> UInt16 { w == 0 ? 0xAAAA : 0xCCCC }
    private static func seen(_ set: UInt16, _ w: Int) -> UInt16 { set & ofLook(w) | (set & ~ofLook(w)) << (w == 0 ? 1 : 2) }
    private static func unseen(_ set: UInt16, _ w: Int) -> UInt16 { set & ~ofLook(w) | (set & ofLook(w)) >> (w == 0 ? 1 : 2) }

    // MARK: - Ghosts

    func text(_ version: Int) -> UInt16 { UInt16(texts[version] & 0x7F) }
    /// v2 refuses this text, and only the attempt shows it.
    func refused(_ version: Int) -> Bool { texts[version] & 0x80 != 0 }

    /// The version's writer had before its eyes what `other` says, in that version or, where words alone count, in another of the same.
    func knew(_ version: Int, _ other: Int, wordsAlone: Bool) -> Bool {
        if known[version] >> UInt16(other) & 1 == 1 { return true }
        return wordsAlone && (1...15).contains { known[version] >> UInt16($0) & 1 == 1 && texts[$0] == texts[other] }
    }

    var endedAnywhere: UInt16 { ended[0] | ended[1] }

    func lifeHasEnded(_ version: Int) -> Bool {
        let ends = endedAnywhere
        return ends != 0 && (1...15).contains { ends >> UInt16($0) & 1 == 1 && lives[$0] == lives[version] }
    }

    mutating func forgetGhost(_ version: Int) {
        known[version] = 0
        texts[version] = 0
        lives[version] = 0
    }
}

/// A row's parts.
enum Row {
    static func make(_ version: Int, place: UInt16, embedding: UInt16) -> UInt16 { UInt16(version) | place << 4 | embedding << 8 }
    static func version(_ row: UInt16) -> Int { Int(row & 0xF) }
    static func place(_ row: UInt16) -> UInt16 { row >> 4 & 0xF }
    static func embedding(_ row: UInt16) -> UInt16 { row >> 8 & 0xF }
}

/// Where rows lie. In v1 a place, in v2 a namespace, and the mapping between them under a workspace tree that moves.
enum Place {
    /// v1: one that never changes, one that follows the tree, one that no namespace is for, and one that has a namespace once the tree moved.
    static let fixed: UInt16 = 0, wanders: UInt16 = 1, homeless: UInt16 = 2, homelessUntilMoved: UInt16 = 3
    /// v2: those of the above, and one that v1 can't express.
    static let nFixed: UInt16 = 0, nBefore: UInt16 = 1, nAfter: UInt16 = 2, nRoot: UInt16 = 3, nCustom: UInt16 = 4, nNone: UInt16 = 7

    static func target(_ place: UInt16, moved: Bool) -> UInt16 {
        switch place {
        case fixed: nFixed
        case wanders: moved ? nAfter : nBefore
        case homelessUntilMoved: moved ? nRoot : nNone
        default: nNone
        }
    }

    /// Nil where v1 can't express the namespace now.
    static func reverse(_ namespace: UInt16, moved: Bool) -> UInt16? {
        switch namespace {
        case nFixed: fixed
        case nBefore: moved ? nil : wanders
        case nAfter: moved ? wanders : nil
        case nRoot: moved ? homelessUntilMoved : nil
        default: nil
        }
    }
}
