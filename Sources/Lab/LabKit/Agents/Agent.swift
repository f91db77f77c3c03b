import Foundation

/// One agent: acts on its own memories, one after the other, through every door there is.
/// Lives on one thread.
final class Agent {
    let name: String
    let doors: ServerDoors
    let book: AccountBook
    let notes: AgentNotes
    let workspaces: [AccountBase.AgentWorkspace]
    var memories: [OwnMemory]
    /// Nil until a listing tells: the strict version has no such door.
    var legacyDoorIsOpen: Bool?

    init(
        name: String, doors: ServerDoors, book: AccountBook, notes: AgentNotes,
        workspaces: [AccountBase.AgentWorkspace], memories: [OwnMemory]
    ) {
        self.name = name
        self.doors = doors
        self.book = book
        self.notes = notes
        self.workspaces = workspaces
        self.memories = memories
    }

    /// One act, whichever comes up.
    func act() {
        switch Int.random(in: 0..<100) {
        case 0..<17: commit()
        case 17..<28: post()
        case 28..<44: recall()
        case 44..<52: list()
        case 52..<60: search()
        case 60..<77: edit()
        case 77..<89: forget(through: .http)
        default: forget(through: .v2)
        }
    }

    // MARK: - Writing

    private func commit() {
        guard let workspace = workspaces.randomElement() else { return }
        let scope: Scope = Int.random(in: 0..<10) < 6 ? .local : .team
        let token = MemoryText.freshToken()
        let content = MemoryText.write(token: token, revision: 0)
        let number = book.intend(
            .init(
                act: .commit, door: .mcp, agent: name, memory: token, workspace: workspace.id, scope: scope, content: content))
        let reply = doors.commit(content, scope: scope, workspace: workspace.id)
        conclude(number, reply)
        keep(reply, .init(key: token, id: "", workspace: workspace.id, scope: scope, content: content, lastDoor: .mcp))
    }

    private func post() {
        guard legacyDoor(), let workspace = workspaces.randomElement() else { return commit() }
        let dice = Int.random(in: 0..<10)
        let scope: Scope = dice == 9 && workspace.isRoot ? .global : dice < 6 ? .local : .team
        let label = ["general", "general", "people", "décisions"].randomElement() ?? "general"
        let token = MemoryText.freshToken()
        let content = MemoryText.write(token: token, revision: 0)
        let number = book.intend(
            .init(
                act: .commit, door: .http, agent: name, memory: token, workspace: workspace.id, scope: scope, label: label,
                content: content))
        let reply = doors.post(content, scope: scope, label: label, workspace: workspace.id)
        conclude(number, reply)
        if reply.status == 404 { legacyDoorIsOpen = nil }
        keep(reply, .init(key: token, id: "", workspace: workspace.id, scope: scope, content: content, lastDoor: .http))
    }

    private func edit() {
        guard legacyDoor(), let index = ready(for: .http) else { return recall() }
        let memory = memories[index]
        let revision = memory.edits + 1
        let isOwn = memory.key.hasPrefix(MemoryText.tokenPrefix)
        let content = isOwn ? MemoryText.write(token: memory.key, revision: revision) : MemoryText.rewrite(revision: revision)
        let number = book.intend(
            .init(
                act: .edit, door: .http, agent: name, memory: memory.key, workspace: memory.workspace, scope: memory.scope,
                content: content))
        let reply = doors.patch(memory.id, content: content, workspace: memory.workspace)
        conclude(number, reply)
        settle(reply, index, door: .http) { $0.content = content }
    }

    private func forget(through door: AccountLine.Door) {
        guard door == .v2 || legacyDoor(), let index = ready(for: door) else { return recall() }
        let memory = memories[index]
        let number = book.intend(
            .init(
                act: .forget, door: door, agent: name, memory: memory.key, workspace: memory.workspace, scope: memory.scope))
        let reply =
            door == .v2
            ? doors.deleteV2(memory.id, workspace: memory.workspace) : doors.delete(memory.id, workspace: memory.workspace)
        conclude(number, reply)
        settle(reply, index, door: door, change: nil)
    }

    // MARK: - Outcomes

    private func conclude(_ number: Int, _ reply: ServerDoors.Reply) {
        book.conclude(number, .init(result: reply.result, id: reply.result == .done ? reply.json?["id"]?.string : nil))
        if reply.isServerDown { waitForServer() }
    }

    private func keep(_ reply: ServerDoors.Reply, _ memory: OwnMemory) {
        guard reply.result == .done, let id = reply.json?["id"]?.string else { return }
        memories.append(
            .init(
                key: memory.key, id: id, workspace: memory.workspace, scope: memory.scope, content: memory.content,
                lastDoor: memory.lastDoor, lastActAt: .now))
    }

    /// Without a change the act was a forget. A memory with an unknown outcome is left alone from now on.
    private func settle(_ reply: ServerDoors.Reply, _ index: Int, door: AccountLine.Door, change: ((inout OwnMemory) -> Void)?) {
        switch (reply.result, change) {
        case (.done, let change?):
            change(&memories[index])
            memories[index].edits += 1
            memories[index].lastDoor = door
            memories[index].lastActAt = .now
        case (.done, nil), (.maybe, _): memories.remove(at: index)
        case (.nothing, _):
            guard !reply.isServerDown else { return }
            if door == .http { legacyDoorIsOpen = nil }
            notes.note("\(door.rawValue) refused with \(reply.status)")
            memories[index].lastActAt = .now
        }
    }

    func waitForServer() { usleep(300_000) }

    // MARK: - Choosing

    /// Whether the old HTTP door is there; asks when it is not known.
    func legacyDoor() -> Bool {
        if let legacyDoorIsOpen { return legacyDoorIsOpen }
        guard let workspace = workspaces.first else { return false }
        let reply = doors.list("", workspace: workspace.id)
        if reply.isServerDown { waitForServer() }
        guard reply.status == 200 || reply.status == 404 else { return false }
        legacyDoorIsOpen = reply.status == 200
        return reply.status == 200
    }

    /// A memory that can be acted on through this door now: in step as far as the door shows it.
    private func ready(for door: AccountLine.Door) -> Int? {
        guard !memories.isEmpty else { return nil }
        let index = Int.random(in: memories.indices)
        let memory = memories[index]
        guard memory.mustBeSeenBefore(door) else { return index }
        guard memory.hasSettled(at: .now) else { return nil }
        let reply =
            door == .v2
            ? doors.listV2(memory.query, workspace: memory.workspace) : doors.list(memory.query, workspace: memory.workspace)
        if reply.isServerDown { waitForServer() }
        let seen = reply.json.flatMap(Seen.all) ?? []
        let shown = seen.contains { $0.id == memory.id && ExactText($0.content) == ExactText(memory.content) }
        if !shown, door == .http { notes.note("not shown by http yet") }
        return shown ? index : nil
    }
}
