/// Every bench there is, in the order in which `make bench` runs them: one line each.
let benches: [any Bench] = [
    CopyBySQL(name: "sql-copy", ranges: 1, goal: 0.85),
    CopyBySQL(name: "sql-copy-parallel", ranges: 2, goal: 1.4),
    Crossing(),
    CaptureOverhead(),
    FullParity(),
    CopyMemory(),
    AgentsLatency(),
    CopyByHTTP(),
    FanOut(),
    FleetHelp(),
    FleetStatus(),
    FleetHistory(),
    FleetJournal(backend: .sqlite),
    FleetJournal(backend: .postgres),
    FleetPreview(),
    FleetIdle(),
    FleetRestart(),
]

/// What this program can be as a child of itself (`cutover-bench --as NAME …`), for what must be measured from outside or alone.
let roles: [String: @Sendable ([String]) async throws -> Void] = [
    CopyingProcess.role: CopyingProcess.main,
    IdleProcess.role: IdleProcess.main,
    ParityProcess.role: ParityProcess.main,
    PluginProcess.role: PluginProcess.main,
    ServerProcess.role: ServerProcess.main,
    ThrottledCopy.role: ThrottledCopy.main,
]

/// Measures one of the figures promised, or several that share their work. One file each.
protocol Bench: Sendable {
    /// What `ONLY=` selects.
    var name: String { get }
    func measure(_ ground: Ground) async throws -> [Figure]
}
