public import Cutover

/// Promise 7: at the moment in which the old table goes, everything that allows it is true: by the world, and by people's words on record.
public struct DropAsksAgain: Invariant, JudgesRecord {
    public let name = "no drop without its conditions"
    public var violations: [String] { notes.all }
    var notes = Notes()
    var forgetful: Self {
        var other = self
        other.records = [:]
        return other
    }
    private var seen: [TenantID: Int] = [:]
    private var records: [TenantID: Record] = [:]

    /// What was recorded of a tenant, since the step's newest way back began.
    private struct Record {
        var signers: Set<OperatorID> = []
        var closed: Set<String> = []
        var soaked = false
        var setAside: Timestamp?
        var waived: Set<String> = []
        /// It was in place: who agreed to it agreed to that time.
        var isOver = false

        mutating func takenBack() { self = Record(closed: closed, soaked: soaked, waived: waived) }
    }

    public init() {}

    public mutating func hear(_ event: Event, world: WorldView) {
        guard let tenant = event.tenant else { return }
        var record = records[tenant] ?? Record()
        switch event.change {
        case .approved(let topic, _, _):
            if let step = world.plan.step(named: topic), step.place == topic, step.spec.kind == "legacy.drop" { record.signers.insert(event.by) }
            if topic.hasPrefix("blocker/") { record.closed.insert(String(topic.dropFirst(8))) }
        case .waived(let ref, let claim, _, _) where world.plan.kind(of: ref) == "legacy.drop": record.waived.insert(claim)
        case .setAside(_, let until, _): record.setAside = until
        case .verified(let ref, let finding) where world.plan.kind(of: ref) == "soak.wait":
            if case .unknown = finding { break }
            if case .inPlace = finding { record.soaked = true } else { record.soaked = false }
        case .verified(let ref, let finding) where world.plan.kind(of: ref) == "legacy.drop":
            if finding.isInPlace { record.isOver = true }
            if finding.isAbsent { if record.isOver { record.takenBack() } else { record.setAside = nil } }
        case .revertStarted(let ref, _) where world.plan.kind(of: ref) == "legacy.drop": record.takenBack()
        case .reverted(let ref, _):
            if world.plan.kind(of: ref) == "legacy.drop" { record.takenBack() }
            if world.plan.kind(of: ref) == "soak.wait" { record.soaked = false }
        default: break
        }
        records[tenant] = record
    }

    public mutating func after(_ happening: Happening, world: WorldView) {
        guard let tenant = happening.tenant, let state = world.truth(tenant) else { return }
        // Delivered again, it finds the table gone and changes nothing.
        let drops = state.effects.dropFirst(seen[tenant] ?? 0).filter { $0.what == "drops the table" && $0.asItWas?.place != .dropped }
        seen[tenant] = state.effects.count
        for drop in drops { judge(tenant, drop, state, world) }
    }

    public mutating func atEnd(_ world: WorldView) {}

    private mutating func judge(_ tenant: TenantID, _ drop: WorldEffect, _ state: TenantState, _ world: WorldView) {
        let record = records[tenant] ?? Record()
        func note(_ what: String) { notes.add("\(tenant): the old table went, and \(what)", at: "\(drop.at)") }
        for trouble in Self.troubles(state, drop.asItWas) { note(trouble) }
        if !record.soaked { note("no soak was green") }
        let rule = world.plan.approvals
        let signed = record.signers.count { (rule.from.isEmpty || rule.from.contains($0)) && !(rule.notAuthor && $0 == world.plan.author) }
        if signed < rule.count, record.waived.isEmpty { note("\(signed) of \(rule.count) people had signed") }
        let settings = world.plan.steps.first { $0.spec.kind == "legacy.drop" }?.spec.settings ?? Settings()
        for case .map(let fields) in settings.list("blockers") {
            guard case .text(let name)? = fields["name"], !record.closed.contains(name), record.waived.isEmpty else { continue }
            note("\(name) was open")
        }
        guard let until = record.setAside else { return note("nobody was given time to object") }
        if world.now < until { note("its grace lasts until \(until)") }
    }

    /// - Parameter before: the database in the moment before.
    static func troubles(_ state: TenantState, _ before: Database?) -> [String] {
        guard let before, let own = before.own, let table = before.held else { return ["it was not held"] }
        var troubles: [String] = []
        if own.conflicts.contains(where: \.isOpen) { troubles.append("conflicts were open") }
        if state.archive?.rows != table.rows { troubles.append("the archive does not hold its rows") }
        if state.archive == nil || state.host.rehearsal?.mark != state.archive?.mark { troubles.append("the archive was not rehearsed") }
        for (id, row) in table.rows.sorted(by: { $0.key < $1.key }) {
            let isThere = before.new?[id]?.text == row.text
            // What agents did in the plugin since, they were told.
            let isReplaced = state.book.memories[id].map { !$0.alive.contains(row.text) } ?? false
            if !isThere, !isReplaced, own.exceptions[id] == nil { troubles.append("memory \(id) was in it and not in the plugin") }
        }
        return troubles
    }
}
