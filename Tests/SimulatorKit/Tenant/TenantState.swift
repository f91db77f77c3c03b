public import Cutover
import Simulation

/// All of one simulated tenant: its database, its host, its agents. A value behind the tenant's lock.
struct TenantState: Sendable {
    let id: TenantID
    var chance: Chance
    var database = Database()
    var host: HostSide
    var book = AgentsBook()
    var archive: ArchivedTable?
    /// What operations have done to the tenant, in order.
    var effects: [WorldEffect] = []
    var mishaps: [Befallen] = []
    /// As they were taken, by nobody's clock but the world's own.
    var samples: [TakenSample] = []
    var isDeleted = false

    private let firstSettings: HostSide.Settings
    var troubles: [Refused] = []
    var downUntil: Timestamp?
    private var moodUntil: Timestamp?
    /// The control plane's books have its plugin.
    var isInBooks = false
    private var nextID = 0
    private var writes = 0
    var nextAct: Timestamp
    private var onDisk: Saved
    /// Nightly, the newest last.
    private var backups: [Saved] = []
    private var now: Timestamp
    private var backedUpOn: Int64 = 0
    /// A moment, and what the host's steady clock said then: nobody can set that one.
    private var anchored: (at: Timestamp, monotonic: Double, boot: String)

    /// A state to which the database, and with it what agents can count on, may be put back.
    private struct Saved: Sendable {
        var database = Database()
        var book = AgentsBook()
        var at: Timestamp
    }

    /// Two of three tenants were told of a plugin that nobody ever started.
    init(_ id: TenantID, seed: UInt64, clocks: ClockFace) {
        let now = clocks.wall
        self.id = id
        self.now = now
        anchored = (now, clocks.monotonic, clocks.boot)
        chance = Chance(seed: seed)
        firstSettings = HostSide.Settings(pluginURL: chance.happens(66) ? HostSide.nobodysURL : nil, version: HostSide.olderVersion)
        host = HostSide(file: firstSettings, server: firstSettings)
        nextAct = now
        onDisk = Saved(at: now)
        seedRows(10 + chance.number(below: 30))
        save(now)
        backups = [onDisk]
        nextAct = pause(after: now)
    }

    /// Trees of workspaces, every scope, blanks and orphans.
    private mutating func seedRows(_ count: Int) {
        database.old = Database.OldTable(oid: 1000, rows: [:])
        for number in 0..<count {
            let id = newID()
            let made = now.milliseconds - Int64((count - number) * 3_600_000)
            var row = OldRow(workspace: chance.number(below: 3), scope: [.local, .local, .team][chance.number(below: 3)], text: text(id), made: made)
            switch chance.number(below: 20) {
            case 0: row.workspace = nil
            case 1: row.text = "  "
            case 2: row.scope = .global
            case 3: (row.scope, row.workspace) = (.global, 0)
            default: break
            }
            database.old?.rows[id] = row
            book.stored(id, row.text, over: nil)
        }
    }

    mutating func newID() -> Int {
        nextID += 1
        return nextID
    }
    mutating func text(_ id: Int) -> String {
        writes += 1
        return "memory \(id) of \(self.id), written as number \(writes)"
    }

    // MARK: - Time

    mutating func anchor(_ clocks: ClockFace) { anchored = (now, clocks.monotonic, clocks.boot) }

    mutating func live(by clocks: ClockFace) {
        guard clocks.boot == anchored.boot else { return anchor(clocks) }
        live(until: Timestamp(milliseconds: anchored.at.milliseconds + Int64((clocks.monotonic - anchored.monotonic) * 1000)))
    }

    /// Lets agents and the watch do what they would have done by then.
    mutating func live(until moment: Timestamp) {
        guard moment > now, !isDeleted else { return }
        while nextAct <= moment, !isDeleted {
            pass(to: nextAct)
            agentActs()
            nextAct = pause(after: nextAct)
        }
        pass(to: moment)
    }

    private mutating func pass(to moment: Timestamp) {
        guard moment > now else { return }
        let elapsed = moment.seconds(since: now)
        now = moment
        if elapsed >= Self.unsyncedSeconds { save(now) }
        let day = now.milliseconds / 86_400_000
        if day > backedUpOn {
            backedUpOn = day
            backups = Array((backups + [onDisk]).suffix(14))
        }
        if let until = moodUntil, until <= now { (host.plugin.mood, moodUntil) = (.up, nil) }
        work()
        watchWorks(seconds: elapsed)
    }

    /// A few writes a day.
    private mutating func pause(after moment: Timestamp) -> Timestamp { moment.adding(seconds: 600 + chance.number(below: 8 * 3600)) }

    /// What is younger may be lost by a failover.
    private static let unsyncedSeconds = 5.0
    private mutating func save(_ moment: Timestamp) { onDisk = Saved(database: database, book: book, at: moment) }

    var today: Timestamp { now }
    var answers: Bool { !isDeleted && downUntil.map { $0 <= now } ?? true }

    /// The watch looks at what changed and copies, not always all that it could.
    private mutating func watchWorks(seconds: Double) {
        guard host.watchRuns, answers else { return }
        if host.plugin.isInUse, !host.plugin.runs { host.plugin.runs = true }
        guard let own = database.own, own.isInCharge, own.capture != .absent else { return }
        let most = seconds > 60 ? Int.max : 1 + chance.number(below: 12)
        if own.mode == .copy, host.held == nil { database.copy(seconds > 60 ? 1000 : most) }
        database.lookAtLog(most)
    }

    // MARK: - What befalls it

    mutating func befall(_ mishap: TenantMishap) {
        guard !isDeleted else { return }
        mishaps.append(Befallen(at: now, mishap: mishap))
        switch mishap.kind {
        case .databaseRestart: downUntil = now.adding(seconds: max(1, mishap.amount))
        case .databaseFailover:
            (database, book) = (onDisk.database, onDisk.book)
            downUntil = now.adding(seconds: 20)
        case .deadlock: troubles.append(Refused("deadlock detected (40P01)"))
        case .lockTimeout: troubles.append(Refused("canceling statement due to lock timeout (55P03)"))
        case .pluginStalled: change(to: .stalled, mishap.amount)
        case .pluginLies: change(to: .lying, mishap.amount)
        case .plugin5xx: change(to: .failing, mishap.amount)
        case .pluginSlow: change(to: .slow, mishap.amount)
        case .pluginUp: (host.plugin.mood, moodUntil) = (.up, nil)
        case .pluginDies: host.plugin.runs = false
        case .serverRestartedWithOldSettings: (host.file, host.server) = (firstSettings, firstSettings)
        case .rebuiltFromBackup: restore(hours: mishap.amount)
        case .moved:
            // Its disk came along; nothing that ran there did, but what the platform starts by itself.
            host.server = host.file
            (host.plugin.runs, host.watchRuns) = (false, false)
            for name in host.works.keys { host.works[name]?.runs = false }
        case .deleted:
            isDeleted = true
            (database, book) = (Database(), AgentsBook())
        case .captureDisabled: if database.own?.capture == .whole { database.own?.capture = .disabled }
        case .oldTableRead:
            database.old?.reads += 1
            database.held?.reads += 1
        }
    }

    private mutating func change(to mood: PluginMood, _ minutes: Int) { (host.plugin.mood, moodUntil) = (mood, now.adding(seconds: 60 * max(1, minutes))) }

    /// To the newest backup that is as old, or the oldest that there is.
    private mutating func restore(hours: Int) {
        let latest = now.adding(seconds: -3600 * hours)
        guard let saved = backups.last(where: { $0.at <= latest }) ?? backups.first else { return }
        (database, book) = (saved.database, saved.book)
        onDisk = saved
        backups.removeAll { $0.at > saved.at }
    }
}

struct TakenSample: Sendable {
    let at: Timestamp
    let marker: String
    let verdict: EvidenceClock.Verdict
}

public struct Befallen: Sendable, Hashable {
    public let at: Timestamp
    public let mishap: TenantMishap
}

/// Something that an operation changed outside of its own ledger.
public struct WorldEffect: Sendable, Equatable {
    public let kind: OperationKind
    public let operation: OperationID
    public let fence: Int
    public let at: Timestamp
    public let what: String
    /// The database in the moment before, of an effect that nothing brings back.
    var asItWas: Database?
}
