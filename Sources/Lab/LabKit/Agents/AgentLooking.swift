import Foundation

/// The acts that change nothing. What is not found is noted; whether something is lost is the referee's to say.
extension Agent {
    func recall() {
        guard let memory = memories.randomElement(), memory.scope != .global, memory.hasSettled(at: .now) else { return }
        guard let seen = doors.recall(memory.query, scope: memory.scope, workspace: memory.workspace) else { return }
        // A search may rank it out of its fifty, unless it is asked for a token nobody else has.
        guard memory.key.hasPrefix(MemoryText.tokenPrefix) else { return }
        notes.note(seen.contains { $0.id == memory.id } ? "recalled" : "not recalled")
    }

    func list() {
        guard let workspace = workspaces.randomElement() else { return }
        // Asks even when the door was gone: a tenant taken back has it again.
        legacyDoorIsOpen = nil
        _ = legacyDoor()
        _ = doors.listV2("", workspace: workspace.id)
    }

    func search() {
        guard let memory = memories.randomElement(), memory.hasSettled(at: .now) else { return }
        let reply = doors.sessionSearch(memory.query, workspace: memory.workspace)
        guard reply.status == 200, memory.key.hasPrefix(MemoryText.tokenPrefix) else { return }
        let seen = reply.json.flatMap(Seen.all) ?? []
        notes.note(seen.contains { $0.id == memory.id } ? "found by session-search" : "not found by session-search")
    }
}
