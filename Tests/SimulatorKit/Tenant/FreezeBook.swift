import Cutover
import Host

/// A3: the old table is made unwritable, after everything in it was found in the new store.
extension TenantBook {
    mutating func addFreeze() {
        act("legacy.freeze") { deed in
            try deed.host("begins the freeze") { model in
                model.host.begin("freeze", trial: "freeze.trial")
                model.host.rehearsal = nil
            }
            let (rows, digest) = try deed.fenced("freezes") { try $0.database.freeze() }
            return ["rows": .number(rows), "digest": .text(digest)]
        }
        act("legacy.unfreeze") { deed in
            try deed.endSampling()
            try deed.fenced("thaws") { $0.database.thaw() }
            _ = try deed.ensureWatch()
            return ["orphans": 0, "cascaded": 0]
        }
        exercise("freeze.trial") { deed in
            _ = try deed.traced("freeze.trial") { model in
                guard model.database.old?.refusesWrites == true else { throw Refused("a write to v1 was not refused") }
                return ["write": "refused"]
            }
            return ["refused": true]
        }
        ask("legacy.state") { database, model, _ in
            let place = database.place
            let isThere = place == .inPlace
            return [
                "place": .text(place.rawValue), "frozen": .flag(isThere && database.isFrozen), "frozenTrigger": .flag(isThere && database.old?.refusesWrites == true),
                "frozenRows": .number(isThere ? database.own?.frozen.count ?? 0 : 0), "trialGreen": .flag(model.host.trials["freeze.trial"] == true),
                "captured": .flag(place == .dropped && database.own?.capture != .absent),
            ]
        }
        ask("legacy.hangers") { _, _, _ in ["hangers": []] }
        ask("legacy.touches") { database, _, question in
            let entries = try question.sight.evidence.entries()
            let soaks = Set(entries.filter { $0.kind == "samplingBegan" && $0.facts["profile"] == "soak" }.compactMap { $0.facts["marker"] })
            let newest = entries.last { $0.kind == "sample" && soaks.contains($0.facts["marker"] ?? "") }
            return [
                "now": .text(database.touches), "sample": .optional(newest?.facts["v1Counters"]), "green": .flag(newest?.facts["verdict"] == "green"),
                "why": .text(newest?.facts["detail"] ?? ""), "exceptions": .text(database.exceptionsDigest),
            ]
        }
    }
}

// MARK: - As the data path does it

extension Database {
    enum Place: String, Sendable {
        case inPlace = "in place"
        case held, dropped, missing
        case impostor = "another table has its name"
    }

    var place: Place {
        if held != nil { return old == nil ? .held : .impostor }
        guard own?.dropped != nil else { return old == nil ? .missing : .inPlace }
        return old == nil ? .dropped : .impostor
    }

    var isFrozen: Bool { old.map { $0.refusesWrites && $0.oid == own?.frozenTable } ?? false }

    /// Name and counters of the table that was frozen, wherever it is.
    var touches: String {
        if let old, old.oid == own?.frozenTable { return "agent_memories \(old.counters)" }
        if let held, held.oid == own?.frozenTable { return "_cutover_hold \(held.counters)" }
        return "gone"
    }

    var exceptionsDigest: String {
        Digest.sha256((own?.exceptions ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.reason)" }.joined(separator: "\n"))
    }

    static func digest(of rows: [Int: OldRow]) -> String {
        Digest.sha256(rows.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: "\n"))
    }

    mutating func freeze() throws(Refused) -> (rows: Int, digest: String) {
        if isFrozen, let own { return (own.frozen.count, own.frozenDigest) }
        guard old != nil else { throw Refused("the relation agent_memories does not exist") }
        try quiesce()
        guard let old else { return (0, "") }
        let digest = Self.digest(of: old.rows)
        own?.seal(old.rows, old.oid, digest, .stopped)
        self.old?.refusesWrites = true
        return (old.rows.count, digest)
    }

    mutating func thaw() {
        old?.refusesWrites = false
        own?.seal([:], nil, "", .sync)
    }
}

extension OwnSchema {
    fileprivate mutating func seal(_ rows: [Int: OldRow], _ table: Int?, _ digest: String, _ mode: Mode) {
        (frozen, frozenTable, frozenDigest, self.mode) = (rows, table, digest, mode)
    }
}
