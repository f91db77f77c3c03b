import Cutover
import DataPath
import Host

/// A3: the old table is renamed out of the way, waits, and is dropped, each after everything was asked again under its lock.
extension TenantBook {
    mutating func addDrop() {
        act("legacy.hold") { deed in
            struct Asked: Decodable { let given: Drop.Conditions }
            let given = try deed.asked(Asked.self).given
            try deed.database("holds the table") { try $0.database.hold(given) }
            return ["name": "public._cutover_hold"]
        }
        act("legacy.drop", once: .transactional) { deed in
            struct Asked: Decodable { let given: Drop.Conditions }
            let given = try deed.asked(Asked.self).given
            let report = try deed.database("drops the table") { try $0.database.drop(given) }
            try deed.database("removes the capture") { $0.database.removeCapture() }
            return ["rows": .number(report.rows), "digest": .text(report.digest), "oid": .text(String(report.oid))]
        }
    }
}

// MARK: - As the data path does it

extension Database {
    mutating func hold(_ given: Drop.Conditions) throws(Refused) {
        if held != nil { return }
        // Cut off behind the drop's commit: only the captures are left.
        if place == .dropped { return removeCapture() }
        try askAgain(old, given)
        (held, old) = (old, nil)
    }

    mutating func drop(_ given: Drop.Conditions) throws(Refused) -> OwnSchema.Dropped {
        if let table = held {
            try askAgain(table, given)
            let dropped = OwnSchema.Dropped(oid: table.oid, digest: own?.frozenDigest ?? "", rows: own?.frozen.count ?? 0)
            own?.dropped = dropped
            held = nil
        }
        guard place == .dropped, let report = own?.dropped else { throw Refused("there is no held table to drop, and no marker of a drop") }
        return report
    }

    private func askAgain(_ table: OldTable?, _ given: Drop.Conditions) throws(Refused) {
        guard let table, let own else { throw Refused("the table is not there") }
        guard table.oid == own.frozenTable else { throw Refused("it is not the table that was frozen") }
        guard table.refusesWrites else { throw Refused("it is no longer frozen") }
        if let before = given.touches, before != touches { throw Refused("it was read or written since: its counters went from \(before) to \(touches)") }
        guard table.rows == own.frozen else { throw Refused("its rows are not those that were frozen") }
        if let archived = given.archivedDigest, archived != own.frozenDigest { throw Refused("the archive was rehearsed against another frozen list") }
        if own.conflicts.contains(where: \.isOpen) { throw Refused("conflicts are open") }
        if let signed = given.exceptionsDigest, signed != exceptionsDigest { throw Refused("the exceptions are not those that were signed") }
        let unexplained = differences(against: .frozen).count { [.missing, .different].contains($0.what) }
        if unexplained > 0 { throw Refused("of what was frozen, \(unexplained) rows are missing from v2 or differ, unexplained") }
    }

    /// Under its name again, frozen and captured; every id that anybody knows is queued.
    mutating func bringBack(_ archive: ArchivedTable?) throws(Refused) -> (source: String, queued: Int) {
        var source = "nothingToDo"
        if let table = held {
            (old, held) = (table, nil)
            source = "hold"
        } else if old == nil || old?.oid != own?.frozenTable {
            guard let archive else { throw Refused("the table and its hold are gone: an archive is needed") }
            guard let own else { throw Refused("our schema is gone") }
            let oid = (own.frozenTable ?? own.dropped?.oid ?? 1000) + 1
            old = OldTable(oid: oid, rows: archive.rows)
            self.own?.frozenTable = oid
            source = "archive"
        }
        old?.refusesWrites = true
        try installCapture(fence: own?.fence ?? 0, acceptingAbsent: true)
        let queued = queueEverything()
        own?.dropped = nil
        return (source, queued)
    }
}
