public import Cutover

/// Promise 11, and all of them: what the journal calls verified is true in the world at that moment, unless something befell the tenant meanwhile.
public struct JournalExplainsTheWorld: Invariant {
    public let name = "the journal explains the world"
    public var violations: [String] { notes.all }
    private var notes = Notes()
    /// What befell a tenant within so many seconds may have come between the look and its record.
    private static let seconds = 3600.0

    public init() {}

    public mutating func hear(_ event: Event, world: WorldView) {
        guard case .verified(let ref, .inPlace) = event.change, let state = world.truth(ref.tenant), let kind = world.plan.kind(of: ref) else { return }
        if let last = state.mishaps.last, world.now.seconds(since: last.at) < Self.seconds { return }
        if let what = Self.untrue(kind, state) { notes.add("\(ref) is verified, and \(what)", event) }
    }

    /// What is not so of a step that should be in place. Nil where it is.
    static func untrue(_ kind: StepKind, _ state: TenantState) -> String? {
        let (host, database) = (state.host, state.database)
        func unless(_ holds: Bool, _ what: String) -> String? { holds ? nil : what }
        switch kind {
        case "host.prepare": return unless(host.watchRuns, "the watch does not run")
        case "sidecar.start": return unless(host.plugin.runs && host.plugin.isInUse && database.new != nil, "no plugin runs")
        case "mirror.install": return unless(database.own?.capture == .whole, "changes are not captured")
        case "backfill.copy":
            let rows = database.old?.rows.keys.sorted() ?? []
            let left = rows.filter { id in database.own?.placed[id] == nil && database.own?.exceptions[id] == nil && database.own?.log.contains { $0.id == id } != true }
            return unless(database.own?.copyDone == true && left.isEmpty, "\(left.count) memories were never looked at")
        case "env.wire": return unless(host.server?.pluginURL == HostSide.ownURL && host.file.pluginURL == HostSide.ownURL, "the server is not wired")
        case "backfill.verify":
            let apart = database.differences(against: .v1).filter { [.missing, .different, .extra, .resurrected].contains($0.what) }
            return unless(apart.isEmpty, "the stores differ at \(apart.count) memories")
        case "fallback.remove": return unless(host.server?.isStrict == true, "the server can still fall back")
        case "legacy.freeze": return unless(database.isFrozen, "the old table can be written")
        case "legacy.archive": return unless(state.archive != nil && state.archive?.rows == database.own?.frozen, "there is no archive of what was frozen")
        case "legacy.drop": return unless(database.place == .dropped, "the old table is \(database.place.rawValue)")
        case "archive.purge": return unless(state.archive == nil, "the archive is there")
        default: return nil
        }
    }

    public mutating func after(_ happening: Happening, world: WorldView) {}
    public mutating func atEnd(_ world: WorldView) {}
}
