public import Cutover

/// Promise 5: no memory is lost, and none is invented.
///
/// Goes by what agents were told and by what lies where, never by a log, a copy or a journal's word for it.
public struct MemoriesAreKept: Invariant {
    public let name = "no memory is lost, and none is invented"
    public private(set) var violations: [String] = []
    private var told: Set<String> = []
    /// What was judged last: the same comes to the same.
    private var judged: [TenantID: Judged] = [:]

    private struct Judged: Equatable {
        var database: Database
        let book: AgentsBook
        let server: HostSide.Settings?
        let remembered: [String: String]
        let keptTexts: Set<String>
        let isDeleted: Bool

        init(_ state: TenantState) {
            (database, book, isDeleted) = (state.database, state.book, state.isDeleted)
            (server, remembered, keptTexts) = (state.host.server, state.host.remembered, state.host.keptTexts)
            // Nothing of a memory is in these, and they change with every operation.
            database.tally = nil
            database.own?.fence = 0
        }
    }

    public init() {}

    public mutating func hear(_ event: Event, world: WorldView) {
        if event.stream != .fleet { judge(TenantID(event.stream.text), "\(event.stream)/\(event.revision)", world) }
    }
    public mutating func after(_ happening: Happening, world: WorldView) {
        if let tenant = happening.tenant { judge(tenant, "\(happening.what)", world) }
    }
    public mutating func atEnd(_ world: WorldView) {
        for tenant in world.fleet.tenants { judge(tenant.id, "the end", world) }
    }

    private mutating func judge(_ tenant: TenantID, _ place: String, _ world: WorldView) {
        guard let state = world.truth(tenant) else { return }
        let now = Judged(state)
        guard judged.updateValue(now, forKey: tenant) != now else { return }
        for what in Self.troubles(state) where told.insert("\(tenant) \(what)").inserted { violations.append("\(tenant) at \(place), \(world.now): \(what)") }
    }

    /// What is lost or invented there.
    static func troubles(_ state: TenantState) -> [String] {
        guard !state.isDeleted else { return [] }
        return lost(state) + unserved(state) + invented(state)
    }

    /// A text that an agent was told is stored, and that nobody who saw it has replaced, lies somewhere: in a store, or in a record with both texts.
    private static func lost(_ state: TenantState) -> [String] {
        state.book.memories.sorted { $0.key < $1.key }.flatMap { id, memory in
            memory.alive.sorted().compactMap { text in state.holds(text, of: id) ? nil : "memory \(id) is lost: \"\(text)\" lies nowhere" }
        }
    }

    /// It lies where the agents' door looks, or something is known to be still on its way there, or it is listed.
    private static func unserved(_ state: TenantState) -> [String] {
        guard let server = state.host.server else { return [] }
        let own = state.database.own
        // What was written past a capture that somebody had switched off is nobody's to know before it is put back.
        if let own, own.isSealBroken || own.capture == .disabled { return [] }
        let isNew = server.pluginURL == HostSide.ownURL
        // A server that somebody else gave other settings than we did, or a database put back to before the copy, is that somebody's doing.
        guard isNew ? own?.copyDone == true : !server.isStrict && state.host.remembered.isEmpty else { return [] }
        return state.book.memories.sorted { $0.key < $1.key }.flatMap { id, memory in
            memory.alive.sorted().compactMap { text in
                let served = isNew ? state.database.new?[id]?.text : state.database.old?.rows[id]?.text
                if served == text || own?.log.contains(where: { $0.id == id }) == true || state.lists(text, of: id) { return nil }
                return "memory \(id) is not served: \"\(text)\" is not in the \(isNew ? "plugin" : "old table"), and nothing lists it"
            }
        }
    }

    /// What lies in a store was written there by an agent, and not forgotten since.
    private static func invented(_ state: TenantState) -> [String] {
        let rows = (state.database.old?.rows ?? [:]).map { ($0.key, 1, $0.value.text) } + (state.database.new ?? [:]).map { ($0.key, 2, $0.value.text) }
        return rows.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.compactMap { id, side, text in
            guard let memory = state.book.memories[id], memory.ever.contains(text) else { return "memory \(id) of v\(side) is invented: nobody ever wrote \"\(text)\"" }
            guard memory.isForgotten, memory.alive.isEmpty, isSettled(state, id, side) else { return nil }
            return "memory \(id) of v\(side) was forgotten and is there again, or still"
        }
    }

    /// Nothing is on its way that would take a forgotten memory from there.
    private static func isSettled(_ state: TenantState, _ id: Int, _ side: Int) -> Bool {
        guard let own = state.database.own, own.capture == .whole, !own.isSealBroken, !own.log.contains(where: { $0.id == id }) else { return false }
        // Nothing of ours writes a table that is frozen.
        return side == 2 || state.database.old?.refusesWrites == false
    }
}

extension TenantState {
    /// A text of one memory lies somewhere.
    fileprivate func holds(_ text: String, of id: Int) -> Bool {
        database.old?.rows[id]?.text == text || database.new?[id]?.text == text || database.held?.rows[id]?.text == text
            || database.aside.contains { $0[id]?.text == text } || lists(text, of: id)
    }

    /// On a list that people are shown.
    fileprivate func lists(_ text: String, of id: Int) -> Bool {
        if host.keptTexts.contains(text) { return true }
        guard let own = database.own else { return false }
        if own.conflicts.contains(where: { $0.id == id && ($0.old?.text == text || $0.new?.text == text) }) { return true }
        return own.kept[id]?.text == text || own.exceptions[id] != nil
    }
}
