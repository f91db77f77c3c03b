import Cutover
import Host
import Phases

/// What people ask for outside of any step: a choice between two texts, capture put back where somebody switched it off.
extension TenantBook {
    mutating func addPeople() {
        ask("conflicts.list") { database, _, _ in
            let open = (database.own?.conflicts ?? []).filter(\.isOpen)
            return [
                "conflicts": .list(open.map { conflict in
                    [
                        "n": .number(conflict.n), "id": .text(String(conflict.id)), "kind": "conflict", "v1": .text(conflict.old?.text ?? ""), "v2": .text(conflict.new?.text ?? ""),
                        "v1Digest": .text(conflict.old?.text ?? ""), "v2Digest": .text(conflict.new?.text ?? ""), "at": "2026-01-01T00:00:00Z",
                    ]
                })
            ]
        }
        act("conflict.settle") { deed in
            let asked = try deed.asked(SettleConflict.self)
            guard let id = Int(asked.id) else { throw Refused("\(asked.id) is no memory's id") }
            try deed.fenced("settles a conflict") { model in
                guard model.database.own?.placed[id]?.state == .conflict, let old = model.database.old?.rows[id], let new = model.database.new?[id],
                    old.text == asked.seen1, new.text == asked.seen2
                else { throw StepFailure("the texts are not those that were seen", effect: .nothingChanged, next: "cutoverctl exceptions \(deed.hand.sight.tenant)") }
                model.database.settle(id, old, new, keepsOld: asked.keep == .v1)
                // The person's word takes the other text's place.
                let (kept, other) = asked.keep == .v1 ? (old.text, new.text) : (new.text, old.text)
                model.book.stored(id, kept, over: other)
            }
            return ["settled": true, "droppedEmbedding": false]
        }
        act("capture.anew") { deed in
            let asked = try deed.asked(CaptureAnew.self)
            let before = deed.tenant.now { $0.database.own?.log.count ?? 0 }
            do {
                try deed.fenced("captures anew") { model in
                    try model.database.installCapture(fence: deed.hand.fence, acceptingAbsent: asked.acceptingAbsent)
                }
            } catch let refused as Refused {
                throw StepFailure(refused.description, effect: .nothingChanged, next: "cutoverctl recapture \(deed.hand.sight.tenant) --reason TEXT --confirm \(deed.hand.sight.tenant)")
            }
            return ["queued": .number(max(0, deed.tenant.now { $0.database.own?.log.count ?? 0 } - before))]
        }
    }
}

extension Database {
    mutating func settle(_ id: Int, _ old: OldRow, _ new: NewRow, keepsOld: Bool) {
        if keepsOld, case .namespace(let name) = Mapping.place(of: old) {
            self.new?[id] = NewRow(namespace: name, text: old.text, made: old.made, owner: old.workspace, isPinned: new.isPinned)
        } else if let (workspace, scope) = Mapping.owner(of: new) {
            self.old?.rows[id] = OldRow(workspace: workspace, scope: scope, text: new.text, made: new.made, label: old.label)
        }
        own?.placed[id] = .init(state: .live, shared: self.new?[id].map { Shared($0) })
        own?.log.removeAll { $0.id == id }
        guard let count = own?.conflicts.count else { return }
        for index in 0..<count where own?.conflicts[index].id == id { own?.conflicts[index].isOpen = false }
    }
}
