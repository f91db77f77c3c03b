import Cutover
import DataPath
import Host

/// A1 up to the copy: capture, rules, copy.
extension TenantBook {
    mutating func addMirror() {
        addCapture()
        act("rules.put") { deed in
            struct Asked: Decodable { let rules: [String: ExceptionRule] }
            let rules = try deed.asked(Asked.self).rules.mapValues { try CanonicalJSON.text($0) }
            let queued = try deed.fenced("puts the rules") { model in
                guard let old = model.database.own?.rules, old != rules else { return 0 }
                let changed = Set(old.keys).union(rules.keys).filter { old[$0] != rules[$0] }
                let concerned = (model.database.own?.exceptions ?? [:]).filter { changed.contains($0.value.reason) }.sorted { $0.key < $1.key }
                model.database.own?.rules = rules
                model.database.own?.log += concerned.map { .init(id: $0.key, side: $0.value.side, isDeath: false) }
                return concerned.count
            }
            return ["queued": .number(queued)]
        }
        ask("rules.read") { database, _, _ in
            guard let own = database.own else { throw Refused("change capture is not installed") }
            return .fields(own.rules.mapValues { .json($0) })
        }
        ask("plugin.schema") { _, _, _ in ["differences": []] }
        addCopy()
    }

    private mutating func addCapture() {
        act("capture.install") { deed in
            try deed.host("notes what is mirrored") { $0.host.begin("capture", trial: "capture.trial") }
            try deed.database("installs the capture") { model in
                guard model.database.new != nil else { throw Refused("the schema memory_plugin does not exist") }
                try model.database.installCapture(fence: deed.hand.fence, acceptingAbsent: false)
            }
            return ["installed": true]
        }
        exercise("capture.trial") { deed in
            try deed.traced("capture.trial") { model in
                guard model.database.own?.capture == .whole else { throw Refused("capture noted 0 changes of v1 where 1 was made") }
                return ["v1": "1", "v2": "1", "own": "0"]
            }
        }
        ask("capture.state") { database, model, _ in
            let capture = database.own?.capture ?? .absent
            let mayBeListed = capture == .whole && database.own?.copyDone == false
            return [
                "missing": capture == .absent ? ["public.agent_memories.capture"] : [], "disabled": capture == .disabled ? ["public.agent_memories.capture"] : [],
                "nothingThere": .flag(capture == .absent), "tried": .flag(model.host.trials["capture.trial"] == true),
                "strangers": .texts((mayBeListed ? database.strangers : []).map(String.init)),
            ]
        }
        act("capture.remove") { deed in
            if deed.tenant.now({ $0.database.own != nil }) {
                try deed.fenced("stops the watch's looks") { $0.database.own?.mode = .stopped }
            }
            try deed.database("removes the capture") { $0.database.removeCapture() }
            return ["removed": true]
        }
    }

    private mutating func addCopy() {
        act("copy.begin") { deed in
            try deed.host("lets the copy go") { $0.host.held = nil }
            try deed.fenced("orders the copy") { model in
                guard let own = model.database.own else { return }
                if own.copyDone {
                    model.database.own?.mode = .sync
                } else if own.copied == 0 {
                    model.database.bringBackKept()
                    model.database.own?.lastKey = -1
                    model.database.own?.mode = .copy
                } else {
                    model.database.own?.mode = .copy
                }
            }
            return try deed.ensureWatch()
        }
        ask("copy.state") { database, model, _ in
            let rows = database.old?.rows ?? [:]
            guard let own = database.own else {
                return [
                    "rowsV1": .number(rows.count), "copied": 0, "placed": 0, "exceptions": 0, "unlooked": .number(rows.count), "notStored": 0, "retried": 0, "done": false,
                    "asked": false, "watchRuns": .flag(model.host.watchRuns),
                ]
            }
            let unlooked = rows.keys.count { id in own.placed[id] == nil && own.exceptions[id] == nil && !own.log.contains { $0.id == id } }
            return [
                "rowsV1": .number(rows.count), "copied": .number(own.copied), "placed": .number(own.placed.count), "exceptions": .number(own.exceptions.count),
                "unlooked": .number(unlooked), "notStored": 0, "retried": 0, "done": .flag(own.copyDone), "asked": .flag(own.isInCharge),
                "watchRuns": .flag(model.host.watchRuns),
            ]
        }
        act("copy.takeAway") { deed in
            guard deed.tenant.now({ $0.database.own != nil }) else { return ["taken": 0, "kept": 0] }
            try deed.fenced("stops the copy") { $0.database.own?.mode = .stopped }
            let (taken, kept): (Int, Int)
            do { (taken, kept) = try deed.fenced("takes the copy away") { try $0.database.takeAway() } } catch let refused as Refused {
                // What was not taken away is still kept in step.
                try? deed.fenced("goes on looking") { $0.database.own?.mode = .sync }
                throw refused
            }
            try deed.host("forgets its limits") { $0.host.held = nil }
            return ["taken": .number(taken), "kept": .number(kept)]
        }
        read("watch.progress") { model, _ in ["watchRuns": .flag(model.host.watchRuns)] }
        ask("watch.findings") { database, _, _ in
            let isBroken = database.own.map { $0.isInCharge && ($0.capture != .whole || $0.isSealBroken) } ?? false
            let finding: Said = ["name": "capture", "detail": "change capture is not what was put in place", "since": "2026-01-01T00:00:00.000Z"]
            return ["standing": isBroken ? [finding] : [], "events": []]
        }
        act("copy.hold") { deed in
            struct Asked: Decodable { let by: String? }
            let by = try deed.asked(Asked.self).by
            try deed.host("holds the copy") { $0.host.held = by }
            return ["held": .flag(by != nil)]
        }
    }
}

// MARK: - As the data path does it

extension Database {
    mutating func installCapture(fence: Int, acceptingAbsent: Bool) throws(Refused) {
        var own = own ?? OwnSchema(fence: fence)
        guard own.fence <= fence else { throw Refused("fenced: a newer operation, \(own.fence), has taken over") }
        let wasMissed = own.isSealBroken
        if wasMissed, !acceptingAbsent {
            let absent = own.placed.count { id, placed in placed.state == .live && (old?.rows[id] == nil || new?[id] == nil) }
            if absent > 0 { throw Refused("\(absent) memories that were in step are absent from one store: captured again, they would count as forgotten") }
        }
        own.fence = fence
        own.capture = .whole
        own.isSealBroken = false
        self.own = own
        adoptTwins()
        if wasMissed { _ = queueEverything() }
    }

    /// Rows of v2 that equal their v1 twin.
    private mutating func adoptTwins() {
        for (id, row) in new ?? [:] where own?.placed[id] == nil && old?.rows[id].map({ Shared($0) }) == Shared(row) {
            own?.placed[id] = .init(state: .live, shared: Shared(row))
        }
    }

    /// Placed rows, conflicts, exceptions and what was kept stay.
    mutating func removeCapture() {
        own?.capture = .absent
        own?.isSealBroken = false
        own?.log = []
    }

    /// What an earlier way back set aside because v1 can't hold it; rows of v2 that no look has met are queued.
    mutating func bringBackKept() {
        guard let own else { return }
        for (id, row) in own.kept where own.keptAlone.contains(id) && old?.rows[id] == nil && new?[id] == nil {
            new?[id] = row
            self.own?.kept[id] = nil
        }
        let unmet = (new ?? [:]).keys.filter { own.placed[$0] == nil }.sorted()
        self.own?.log += unmet.map { .init(id: $0, side: 2, isDeath: false) }
    }

    /// Out of v2 what was placed there, once both stores are proven equal.
    mutating func takeAway() throws(Refused) -> (taken: Int, kept: Int) {
        guard let before = own else { return (0, 0) }
        if !before.placed.values.contains(where: { $0.state != .gone }), !before.log.contains(where: { $0.side == 2 }) { return (0, 0) }
        try quiesce(copyMayBeUnfinished: true)
        guard let own else { return (0, 0) }
        var (taken, kept) = (0, 0)
        for (id, row) in new ?? [:] {
            let placed = own.placed[id].map { $0.state != .gone } ?? false
            if !placed || own.placed[id]?.state == .conflict || own.exceptions[id]?.side == 2 || row.isPinned {
                self.own?.kept[id] = row
                if old?.rows[id] == nil { self.own?.keptAlone.insert(id) } else { self.own?.keptAlone.remove(id) }
                kept += 1
            }
            guard placed else { continue }
            new?[id] = nil
            taken += 1
        }
        self.own?.placed = [:]
        self.own?.exceptions = [:]
        for index in own.conflicts.indices { self.own?.conflicts[index].isOpen = false }
        self.own?.mode = .stopped
        self.own?.copyDone = false
        self.own?.copied = 0
        self.own?.lastKey = -1
        return (taken, kept)
    }
}
