import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// What the watch knows of load, log and progress, measured apart from the looks so that measuring never holds them up.
actor WatchMeasure {
    private let host: HostSight
    let table: LegacyTable
    private var orders = WatchOrders()
    private var ordersVersion: String?
    private var load: DatabaseLoad?
    private var latencies = LatencyWindow()
    private var copyRate = RateWindow()
    private var incoming = RateWindow(spacing: 1)
    private var looked = RateWindow(spacing: 1)
    private var log: LogState?
    private var control: Control?
    private var rows = 0
    private var counts: (unread: [String: Int], underWay: Int)?
    private var trouble: String?
    private var countedAt: Double?
    private var measuredAt: Double?

    init(_ host: HostSight, _ table: LegacyTable) {
        self.host = host
        self.table = table
    }

    /// Seconds by a clock that does not go back.
    private var now: Double { HostClock.now.uptime }

    /// The decision of this moment: files are looked at now, load as it was measured last.
    func throttle() throws -> Throttle {
        try readOrders()
        let limits = orders.effective
        let fresh = measuredAt.map { now - $0 < 10 } ?? false
        let blind = ThrottleReadings.Gauge.unknown("not measured")
        let door: ThrottleReadings.Gauge = latencies.p95(at: now).map { .value(Int($0.rounded())) } ?? .unknown("too few samples")
        return Throttle.decide(
            limits,
            ThrottleReadings(
                connections: fresh ? load?.connections ?? blind : blind, replicationLagMilliseconds: fresh ? load?.replicationLagMilliseconds ?? blind : blind,
                doorP95Milliseconds: door, pauseFileIsThere: limits.pauseFile.map { !$0.isEmpty && FileManager.default.fileExists(atPath: $0) } ?? false,
                heldBy: orders.held))
    }

    /// The copy is under way, so that agents' latency matters.
    var wantsDoor: Bool { (orders.effective.doorP95Milliseconds ?? 0) > 0 && control?.mode == .copy && control?.copyDone == false }
    /// How long until measuring again makes sense.
    var pause: Duration { control?.copyDone == false ? .seconds(1) : .seconds(5) }

    /// Over HTTP: what keeps the writer from carrying something over now.
    func plugin(isInTrouble why: String?) { trouble = why }

    func doorTook(milliseconds: Double) { latencies.add(milliseconds: milliseconds, at: now) }

    private func readOrders() throws {
        let version = WatchOrders.version(host)
        guard version != ordersVersion else { return }
        orders = try WatchOrders.read(host)
        ordersVersion = version
    }

    /// Reads load, log and control row. Answers what is wrong, by name; nil where there is no capture to watch.
    func measure(_ connection: PostgresConnection) async throws -> [String: String]? {
        try readOrders()
        guard try Mirrored(host: host).tables().contains(table), try await connection.there("\(table.schema).control"), try await connection.there("\(table.schema).change_log") else {
            control = nil
            return nil
        }
        let control = try await Control.read(connection, table.dataPath)
        self.control = control
        load = try await DatabaseLoad.read(connection)
        counts = try await StoreLane.of(connection, table).counts(connection)
        let log = try await LogState.read(connection, table.dataPath)
        self.log = log
        let now = now
        if control.mode == .copy, !control.copyDone, countedAt.map({ now - $0 > 30 }) ?? true, try await connection.there(table.name) {
            rows = try await connection.query("SELECT count(*) AS n FROM \(table.name)")[0].int("n")
            countedAt = now
        }
        copyRate.add(control.copied, at: now)
        incoming.add(log.highest, at: now)
        looked.add(log.highest - log.entries, at: now)
        measuredAt = now
        return try await findings(connection, control, log)
    }

    private func findings(_ connection: PostgresConnection, _ control: Control, _ log: LogState) async throws -> [String: String] {
        // Told to stop, the capture may be on its way out.
        guard control.mode == .sync || control.mode == .copy else { return [:] }
        var findings: [String: String] = [:]
        findings["capture"] = try await CaptureFindings.read(connection, table.dataPath).first
        findings["log"] = orders.bound.finding(log)
        if let keeping = Keeping(incoming: incoming, looked: looked, entries: log.entries), !keeping.keepsUp { findings["behind"] = keeping.words }
        return findings
    }

    private func report() throws -> WatchReport? {
        guard let control else { return nil }
        let throttle = try throttle()
        let total = max(rows, control.copied)
        let eta = control.copyDone ? nil : copyRate.eta(remaining: total - control.copied)
        return WatchReport(
            at: HostClock.now.at, mode: control.mode.rawValue,
            copy: .init(
                copied: control.copied, rows: total, done: control.copyDone, rowsPerSecond: copyRate.rate, soonestSeconds: eta?.soonest,
                latestSeconds: eta?.latest),
            holds: throttle.holds, unknown: throttle.unknown, limits: orders.effective, log: log,
            keeping: log.flatMap { Keeping(incoming: incoming, looked: looked, entries: $0.entries) },
            overHTTP: counts.map { WatchReport.OverHTTP(unread: $0.unread, underWay: $0.underWay, trouble: trouble) })
    }

    /// Not synced: what a crash takes is told again a second later.
    func tell() throws {
        guard let report = try report() else { return }
        try DurableFile.write(try CanonicalJSON.text(report), to: WatchReport.path(host, table), synced: false)
    }
}
