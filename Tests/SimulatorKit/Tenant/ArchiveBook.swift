import Cutover
import Host
import Simulation

/// A3: the archive, off the host, and work that takes longer than one operation may.
extension TenantBook {
    mutating func addArchive() {
        read("archive.place") { _, _ in ["elsewhere": true, "detail": ""] }
        for work in DetachedWorkOfModel.allCases { add(work) }
        ask("archive.state") { _, model, question in
            let (there, rehearsed) = (model.archive, model.host.rehearsal)
            let isSame = there != nil && there?.mark == rehearsed?.mark
            return [
                "there": .flag(there != nil), "problem": there != nil && rehearsed != nil && !isSame ? "it is not what was rehearsed" : .nothing,
                "rows": .number(rehearsed?.rows ?? 0), "rehearsed": .flag(isSame), "exportedAt": .optional(rehearsed?.at.description),
                "now": .text(question.tenant.clocks.wall.description), "frozenDigest": .optional(rehearsed?.frozenDigest), "rehearsedObjects": [:],
            ]
        }
        act("archive.delete") { deed in
            struct Asked: Decodable { let onlyWhenTableIsBack: Bool }
            try deed.host("ends what still writes") { model in
                model.host.works["archive.write"] = nil
                model.host.works["archive.rehearse"] = nil
            }
            if try deed.asked(Asked.self).onlyWhenTableIsBack {
                let place = try deed.database("drops the rehearsal") { $0.database.place }
                guard place == .inPlace else {
                    throw StepFailure("the table is not back: its archive is not deleted", effect: .nothingChanged, next: "cutoverctl revert \(deed.hand.sight.tenant) --to soak.wait")
                }
            }
            try deed.host("deletes the archive") { $0.archive = nil }
            return ["deleted": true]
        }
        act("archive.clear") { deed in
            try deed.host("clears the shelf") { _ in }
            return ["cleared": true]
        }
    }

    private mutating func add(_ work: DetachedWorkOfModel) {
        act(OperationKind(work.rawValue)) { deed in
            let order = WorldEffect(kind: deed.kind, operation: deed.hand.operation, fence: deed.hand.fence, at: deed.tenant.clocks.wall, what: "carries it out")
            let takenUp = try deed.host("orders it") { model in
                if let earlier = model.host.works[work.rawValue], earlier.payload == deed.payload {
                    if earlier.runs { return true }
                    if work == .write, earlier.result != nil, earlier.mark == model.archive?.mark, model.archive != nil { return true }
                }
                model.host.held = nil
                model.host.works[work.rawValue] = .init(payload: deed.payload, runs: true, order: order)
                return false
            }
            return ["takenUp": .flag(takenUp)]
        }
        read(OperationKind("\(work.rawValue).state")) { model, _ in
            let state = model.host.works[work.rawValue]
            return [
                "runs": .flag(state?.runs == true), "result": state?.result.map { .json($0) } ?? .nothing,
                "failure": try state?.failure.map { .json(try CanonicalJSON.text($0)) } ?? .nothing,
            ]
        }
    }
}

enum DetachedWorkOfModel: String, CaseIterable, Sendable {
    case write = "archive.write"
    case rehearse = "archive.rehearse"
    case bringBack = "legacy.bringBack"
}

extension TenantState {
    /// The processes that were ordered and have had their time. Now and then one dies without a word.
    mutating func work() {
        for (name, state) in host.works.sorted(by: { $0.key < $1.key }) where state.runs {
            guard let work = DetachedWorkOfModel(rawValue: name) else { continue }
            host.works[name]?.runs = false
            if chance.happens(3) { continue }
            var done = self
            do {
                guard answers else { throw Refused.noAnswer(of: id) }
                let result = try done.carryOut(work)
                self = done
                host.works[name]?.result = result.json
                effects.append(WorldEffect(kind: state.order.kind, operation: state.order.operation, fence: state.order.fence, at: today, what: state.order.what))
            } catch {
                host.works[name]?.failure = StepFailure("\(name): \(error)", effect: .partlyChanged, next: "cutoverctl why \(id)")
            }
        }
    }

    private mutating func carryOut(_ work: DetachedWorkOfModel) throws(Refused) -> Said {
        switch work {
        case .write:
            host.rehearsal = nil
            guard database.isFrozen, let old = database.old, let own = database.own else { throw Refused("agent_memories is not frozen") }
            let mark = String(chance.next(), radix: 16)
            archive = ArchivedTable(mark: mark, rows: old.rows, frozenDigest: own.frozenDigest)
            host.works[work.rawValue]?.mark = mark
            return ["rows": .number(old.rows.count), "bytes": 4096, "digest": .text(mark), "keys": [], "objects": [:], "peakMiB": 1]
        case .rehearse:
            guard let archive else { throw Refused("the archive is not there") }
            guard let own = database.own, archive.frozenDigest == own.frozenDigest, Database.digest(of: archive.rows) == own.frozenDigest else {
                throw Refused("what was restored is not what was frozen")
            }
            host.rehearsal = .init(mark: archive.mark, rows: archive.rows.count, frozenDigest: own.frozenDigest, at: today)
            return ["rows": .number(archive.rows.count), "peakMiB": 1]
        case .bringBack:
            let (source, queued) = try database.bringBack(archive)
            return ["source": .text(source), "queued": .number(queued)]
        }
    }
}
