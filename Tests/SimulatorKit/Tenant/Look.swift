/// The look: one transaction that reads an id in both stores and in what was agreed on, writes one side at most, and consumes what it saw.
extension Database {
    private enum Action { case same, toOld, toNew, forgetOld, forgetNew, conflict }

    mutating func look(at id: Int) {
        guard var own else { return }
        let (before, after) = (old?.rows[id], new?[id])
        let (a, b) = (before.map { Shared($0) }, after.map { Shared($0) })
        let entries = own.log.filter { $0.id == id }
        let agreed = own.placed[id]
        let isLive = agreed.map { $0.state != .gone } ?? false
        let oldDied = isLive && (a == nil || entries.contains { $0.side == 1 && $0.isDeath })
        let newDied = isLive && (b == nil || entries.contains { $0.side == 2 && $0.isDeath })
        let action = Self.merge(a, b, agreed, isLive: isLive, oldDied, newDied)
        own.log.removeAll { $0.id == id }
        self.own = own
        if list(id, action, before, after) { return }
        close(id)
        switch action {
        case .same: place(id, a)
        case .toNew:
            if oldDied, let after, agreed?.state == .conflict || b != agreed?.shared { keep(id, isForget: true, nil, after) }
            writeNew(id, before)
            place(id, a)
        case .toOld:
            if newDied, let before, agreed?.state == .conflict || a != agreed?.shared { keep(id, isForget: true, before, nil) }
            writeOld(id, after)
            place(id, b)
        case .forgetNew:
            if let after, agreed?.state == .conflict || b != agreed?.shared { keep(id, isForget: true, nil, after) }
            new?[id] = nil
            place(id, nil)
        case .forgetOld:
            if let before, agreed?.state == .conflict || a != agreed?.shared { keep(id, isForget: true, before, nil) }
            old?.rows[id] = nil
            place(id, nil)
        case .conflict:
            keep(id, isForget: false, before, after)
            self.own?.placed[id] = .init(state: .conflict, shared: agreed?.shared)
        }
    }

    private static func merge(_ a: Shared?, _ b: Shared?, _ agreed: OwnSchema.Placed?, isLive: Bool, _ oldDied: Bool, _ newDied: Bool) -> Action {
        if a == b { return .same }
        if !isLive || oldDied && newDied { return a == nil ? .toOld : b == nil ? .toNew : .conflict }
        if oldDied { return a == nil ? .forgetNew : .toNew }
        if newDied { return b == nil ? .forgetOld : .toOld }
        if agreed?.state == .conflict { return .conflict }
        if b == agreed?.shared { return .toNew }
        return a == agreed?.shared ? .toOld : .conflict
    }

    /// True when the other side can't hold the row: it is listed, and both stores are left as they are.
    private mutating func list(_ id: Int, _ action: Action, _ before: OldRow?, _ after: NewRow?) -> Bool {
        var listed: OwnSchema.Exception?
        if action == .toNew, let before, case .none(let reason) = Mapping.place(of: before) { listed = .init(side: 1, reason: reason) }
        if action == .toOld, let after, Mapping.owner(of: after) == nil { listed = .init(side: 2, reason: "unknown-namespace") }
        own?.exceptions[id] = listed
        return listed != nil
    }

    private mutating func close(_ id: Int) {
        guard let own else { return }
        for index in own.conflicts.indices where own.conflicts[index].id == id && own.conflicts[index].isOpen { self.own?.conflicts[index].isOpen = false }
    }

    private mutating func keep(_ id: Int, isForget: Bool, _ before: OldRow?, _ after: NewRow?) {
        let n = (own?.conflicts.count ?? 0) + 1
        own?.conflicts.append(.init(n: n, id: id, isForget: isForget, old: before, new: after, isOpen: !isForget))
    }

    private mutating func place(_ id: Int, _ shared: Shared?) { own?.placed[id] = .init(state: shared == nil ? .gone : .live, shared: shared) }

    private mutating func writeNew(_ id: Int, _ row: OldRow?) {
        guard let row, case .namespace(let name) = Mapping.place(of: row) else { return }
        let isPinned = new?[id]?.isPinned ?? own?.kept[id]?.isPinned ?? false
        new?[id] = NewRow(namespace: name, text: row.text, made: row.made, owner: row.workspace, isPinned: isPinned)
        own?.kept[id] = nil
    }

    private mutating func writeOld(_ id: Int, _ row: NewRow?) {
        guard let row, let (workspace, scope) = Mapping.owner(of: row) else { return }
        let label = old?.rows[id]?.label ?? "general"
        old?.rows[id] = OldRow(workspace: workspace, scope: scope, text: row.text, made: row.made, label: label)
    }
}

// MARK: - Many looks

extension Database {
    /// At most so many entries, oldest first. Answers how many ids were looked at.
    @discardableResult
    mutating func lookAtLog(_ limit: Int = .max) -> Int {
        var seen: Set<Int> = []
        for entry in own?.log ?? [] where seen.count < limit && seen.insert(entry.id).inserted { look(at: entry.id) }
        return seen.count
    }

    /// The next keys of the old table.
    mutating func copy(_ limit: Int) {
        guard let own, own.mode == .copy else { return }
        let next = (old?.rows.keys.filter { $0 > own.lastKey } ?? []).sorted().prefix(limit)
        for id in next {
            look(at: id)
            self.own?.lastKey = id
            self.own?.copied += 1
        }
        if next.count < limit {
            self.own?.copyDone = true
            self.own?.mode = .sync
        }
    }

    /// Under locks against everybody: looks until nothing is left, then proves both stores equal. Throws where they are not.
    mutating func quiesce(copyMayBeUnfinished: Bool = false) throws(Refused) {
        guard let own, own.capture == .whole, !own.isSealBroken else { throw Refused("change capture is not what was put in place") }
        lookAtLog()
        let differing = differences(against: .v1).filter { difference in
            difference.what != .excepted && difference.what != .conflict && !(copyMayBeUnfinished && self.own?.placed[difference.id] == nil)
        }
        if !differing.isEmpty { throw Refused("\(differing.count) rows differ") }
    }

    /// Everything either store or our records know.
    mutating func queueEverything() -> Int {
        let ids = Set(old?.rows.keys.map { $0 } ?? []).union(new?.keys.map { $0 } ?? []).union(own?.placed.filter { $0.value.state != .gone }.keys.map { $0 } ?? [])
        own?.log += ids.sorted().map { .init(id: $0, side: 1, isDeath: false) }
        return ids.count
    }
}

// MARK: - Parity

struct Difference: Sendable, Equatable {
    enum What: Sendable { case missing, extra, resurrected, different, excepted, conflict, inFlight, forgottenSince, editedSince }
    enum Base: String, Sendable, Decodable { case v1, frozen }
    let id: Int
    let what: What
}

extension Database {
    func differences(against base: Difference.Base) -> [Difference] {
        let first = base == .v1 ? old?.rows ?? [:] : own?.frozen ?? [:]
        // What came to v2 since the freeze is nobody's business.
        let ids = base == .v1 ? Set(first.keys).union((new ?? [:]).keys) : Set(first.keys)
        return ids.sorted().compactMap { id in difference(id, first[id].map { Shared($0) }, new?[id].map { Shared($0) }, base).map { Difference(id: id, what: $0) } }
    }

    private func difference(_ id: Int, _ a: Shared?, _ b: Shared?, _ base: Difference.Base) -> Difference.What? {
        if a == b { return nil }
        if own?.exceptions[id] != nil { return .excepted }
        if own?.placed[id]?.state == .conflict { return .conflict }
        if own?.log.contains(where: { $0.id == id && (base == .v1 || $0.side == 2) }) == true {
            return base == .v1 ? .inFlight : b == nil ? .forgottenSince : .editedSince
        }
        if b == nil { return .missing }
        if a == nil { return own?.placed[id]?.state == .gone ? .resurrected : .extra }
        return .different
    }

    /// Rows of v2 that nobody can explain before the copy began.
    var strangers: [Int] {
        (new ?? [:]).keys.filter { id in
            let known = own?.placed[id].map { $0.state != .gone } ?? false
            return !known && old?.rows[id].map { Shared($0) } != new?[id].map { Shared($0) } && own?.kept[id] == nil
        }.sorted()
    }
}
