import Cutover
import Simulation

/// Agents commit, edit and forget through every door that has the verb, and believe what they are told.
extension TenantState {
    /// Where a door leads at this moment.
    enum Door: Equatable {
        case old(label: String)
        case new
        /// It says that it stored, and does not.
        case lie
        case refused
    }

    /// The agents' own tools.
    var agentsDoor: Door {
        guard answers, let server = host.server else { return .refused }
        if server.pluginURL == HostSide.ownURL, host.plugin.isHealthy, database.new != nil { return host.plugin.mood == .lying ? .lie : .new }
        if server.isStrict { return .refused }
        // A server that was told of a plugin falls back without a word; only the label tells.
        return .old(label: server.pluginURL == nil ? "general" : "fallback")
    }

    /// The old HTTP route, which the strict version has no more.
    var oldDoor: Door {
        guard answers, let server = host.server, !server.isStrict else { return .refused }
        return .old(label: "general")
    }

    mutating func agentActs() {
        let door = chance.happens(70) ? agentsDoor : oldDoor
        switch chance.number(below: 10) {
        case 0...4: commit(door)
        case 5...7: edit(door, into: true)
        default: edit(door, into: false)
        }
    }

    private mutating func commit(_ door: Door) {
        let id = newID()
        let text = text(id)
        let (workspace, scope) = (chance.number(below: 3), chance.happens(30) ? OldRow.Scope.team : .local)
        let row = OldRow(workspace: workspace, scope: scope, text: text, made: today.milliseconds)
        switch door {
        case .refused: book.refusals += 1
        case .lie: book.lies += 1
        case .old(let label):
            var labelled = row
            labelled.label = label
            told { model throws(Refused) in
                try model.database.agentWritesOld(id, labelled)
                model.book.stored(id, text, over: nil)
            }
        case .new:
            guard case .namespace(let name) = Mapping.place(of: row) else { return }
            let namespace = chance.happens(3) ? "custom:notes" : name
            let isPinned = chance.happens(10)
            told { model throws(Refused) in
                try model.database.agentWritesNew(id, NewRow(namespace: namespace, text: text, made: row.made, isPinned: isPinned))
                model.book.stored(id, text, over: nil)
            }
        }
    }

    /// Or forgets it.
    private mutating func edit(_ door: Door, into isEdit: Bool) {
        switch door {
        case .refused: book.refusals += 1
        case .lie: book.lies += 1
        case .old:
            guard let id = chance.pick((database.old?.rows.keys.sorted() ?? [])), let row = database.old?.rows[id] else { return }
            var edited = row
            edited.text = text(id)
            told { model throws(Refused) in
                try model.database.agentWritesOld(id, isEdit ? edited : nil)
                model.tell(id, isEdit ? edited.text : nil, row.text)
            }
        case .new:
            guard let id = chance.pick((database.new?.keys.sorted() ?? [])), let row = database.new?[id] else { return }
            var edited = row
            edited.text = text(id)
            told { model throws(Refused) in
                try model.database.agentWritesNew(id, isEdit ? edited : nil)
                model.tell(id, isEdit ? edited.text : nil, row.text)
            }
        }
    }

    private mutating func tell(_ id: Int, _ text: String?, _ seen: String) {
        if let text { book.stored(id, text, over: seen) } else { book.forgot(id, having: seen) }
    }

    /// What is refused was not stored, and the agent knows.
    private mutating func told(_ write: (inout TenantState) throws(Refused) -> Void) {
        do { try write(&self) } catch { book.refusals += 1 }
    }
}
