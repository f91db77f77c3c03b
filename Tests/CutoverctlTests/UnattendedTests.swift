import Cutover
import CutoverTestKit
import Foundation
import Logging
import Synchronization
import Telling
import Testing

@testable import cutoverctl

@Suite("what runs unattended") struct UnattendedTests {
    /// A service manager's end of the socket.
    private final class Manager {
        let socket: Int32
        init(_ address: String) throws {
            socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var (place, length) = try #require(ServiceManager.socketAddress(address))
            let bound = withUnsafePointer(to: &place) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) } }
            if bound != 0 { throw POSIXError(.EADDRINUSE) }
        }
        deinit { close(socket) }

        var heard: String? {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
        }
    }

    @Test("the service manager is told over its socket, be it a path or an abstract name", arguments: [true, false])
    func notify(isAbstract: Bool) throws {
        let name = "cutover-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let address = isAbstract ? "@\(name)" : "\(FileManager.default.temporaryDirectory.path)/\(name)"
        defer { if !isAbstract { unlink(address) } }
        let manager = try Manager(address)
        let told = ServiceManager(["NOTIFY_SOCKET": address, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "\(getpid())"])
        #expect(told.isThere && told.watchdogMicroseconds == 30_000_000)
        told.isReady("3 tenants\nREADY=0")
        #expect(manager.heard == "READY=1\nSTATUS=3 tenants READY=0")
        told.isAt("1 done")
        #expect(manager.heard == "STATUS=1 done")
        told.isAlive()
        #expect(manager.heard == "WATCHDOG=1")
        told.isStopping()
        #expect(manager.heard == "STOPPING=1\nSTATUS=stopping after what is under way")
        #expect(manager.heard == nil)
    }

    @Test("without a service manager, or with one that does not listen, nothing happens; another process's watchdog is not ours")
    func nobody() {
        ServiceManager([:]).isReady("x")
        ServiceManager(["NOTIFY_SOCKET": "/nowhere/at/all"]).isReady("x")
        ServiceManager(["NOTIFY_SOCKET": "vsock:2:1234"]).isReady("x")
        #expect(ServiceManager(["NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "5", "WATCHDOG_PID": "1"]).watchdogMicroseconds == nil)
        #expect(ServiceManager.socketAddress("/" + String(repeating: "x", count: 200)) == nil)
    }

    @Test("the bell rings when the journal is written to or a hold file comes and goes, and not for other files", .timeLimit(.minutes(10)))
    func doorbell() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "bell-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let bell = Bell()
        let doorbell = Doorbell(bell, files: ["\(folder)/cutover.db", "\(folder)/cutover.hold"], Interrupts())
        #expect(doorbell.hearsFiles)
        for change in [
            { try Data("x".utf8).write(to: URL(filePath: "\(folder)/cutover.db-wal")) }, { try Data("stop".utf8).write(to: URL(filePath: "\(folder)/cutover.hold")) },
            { try FileManager.default.removeItem(atPath: "\(folder)/cutover.hold") },
        ] as [() throws -> Void] {
            // What rang before and was not waited for.
            await bell.rest(milliseconds: 200, SystemTime())
            let clock = ContinuousClock()
            let begun = clock.now
            async let rung: Void = bell.rest(milliseconds: 30_000, SystemTime())
            try change()
            await rung
            #expect(begun.duration(to: clock.now) < .seconds(25))
        }
        await bell.rest(milliseconds: 200, SystemTime())
        try Data("x".utf8).write(to: URL(filePath: "\(folder)/other"))
        let begun = ContinuousClock().now
        await bell.rest(milliseconds: 300, SystemTime())
        #expect(begun.duration(to: ContinuousClock().now) >= .milliseconds(290))
    }

    @Test("log lines are JSON objects with a time, a level and what is said of it, and nothing that a terminal obeys")
    func log() throws {
        let lines = Mutex([String]())
        let logger = Logger(label: "x") { label in JSONLog(label: label, now: { "2026-01-01T00:00:00.000Z" }) { line in lines.withLock { $0.append(line) } } }
        logger.warning("two\nlines \u{1B}[2J", metadata: ["tenant": "acme", "level": "mine"])
        logger.debug("not told")
        #expect(lines.withLock { $0 } == [
            #"{"level":"warning","logger":"x","message":"two lines  [2J","tenant":"acme","time":"2026-01-01T00:00:00.000Z"}"# + "\n"
        ])
    }

    @Test("the unit starts this program in that folder, waits for READY, and lets it end what is under way")
    func unit() {
        let text = RunUnit.text(program: "/usr/bin/cutoverctl", folder: "/srv/rollout")
        for line in ["Type=notify", "ExecStart=/usr/bin/cutoverctl run --unattended --log json", "WorkingDirectory=/srv/rollout", "WatchdogSec=5min", "SuccessExitStatus=4"] {
            #expect(text.split(separator: "\n").contains(Substring(line)), "\(line)")
        }
    }
}

@Suite("the loop's table and line") struct RunViewTests {
    /// What a loop's account says after some tenants' outcomes.
    private static func view(_ outcomes: [(TenantID, FleetRun.Outcome)], progress: [(TenantID, StepProgress)] = []) -> RunView {
        let account = RunAccount()
        let now = ManualTime.beginning.adding(seconds: 7200)
        for (tenant, outcome) in outcomes { account.came(tenant, to: outcome, at: ManualTime.beginning) }
        for (tenant, step) in progress { account.told(StepRef(tenant: tenant, phase: "L0", step: "lamp.wire"), step) }
        account.stands(
            TenantStatus(
                tenant: "zeta", wave: "all", milestone: "wired", phase: "L1", step: "lamp.watch", state: .waiting, since: ManualTime.beginning.description, held: nil,
                next: "cutoverctl run"))
        return RunView(plan: LampCatalog.plan(), picture: account.picture(now), tenants: outcomes.map(\.0), now: now)
    }

    private static let mixed: [(TenantID, FleetRun.Outcome)] = [
        ("acme", .advanced("L0/lamp.wire performed")), ("beta", .finished), ("late", .notAdmitted(.full(atOnce: 1))), ("omega", .failed("L0/lamp.wire it is stuck")),
        ("zeta", .waiting("L1/lamp.watch 7 of 60 s")),
    ]

    @Test("a line says what the fleet is at")
    func line() {
        #expect(Self.view(Self.mixed).line == "5 tenants, 1 done, 1 moving, 1 waiting for a clock, 1 waiting for a person, 1 not admitted yet")
    }

    @Test("the table shows who is in trouble first, then who moves, then who waits; those that are done or queue are only counted")
    func table() {
        let lines = Self.view(Self.mixed, progress: [("acme", StepProgress("5 of 10 rows", share: 0.5))]).table(rows: 10, columns: 100, .none)
        #expect(lines == [
            "TENANT  MILESTONE  STEP           STATE     FOR  DETAIL",
            "omega   -          -              failed    -    L0/lamp.wire it is stuck",
            "acme    -          -              advanced  -    [#####-----] 5 of 10 rows",
            "zeta    wired      L1/lamp.watch  waiting   2h   L1/lamp.watch 7 of 60 s",
            "5 tenants, 1 done, 1 moving, 1 waiting for a clock, 1 waiting for a person, 1 not admitted yet",
        ])
    }

    @Test("it never has more lines than there is room for, nor wider ones")
    func room() {
        let many = (0..<50).map { (TenantID("tenant-\($0)"), FleetRun.Outcome.waiting("L1/lamp.watch \(String(repeating: "long ", count: 30))")) }
        let lines = Self.view(many).table(rows: 8, columns: 40, .ansi)
        #expect(lines.count <= 8 && lines.dropFirst().allSatisfy { $0.count <= 39 })
        #expect(lines[lines.count - 2] == "and 45 more: cutoverctl status")
    }

    @Test("at the foot of a terminal it is drawn over, and what is printed stands above it")
    func foot() {
        let written = Mutex("")
        let foot = LiveFoot(size: { (12, 80) }) { text in written.withLock { $0 += text } }
        foot.show { rows, columns in ["one \(rows) \(columns)", "two"] }
        foot.above { written.withLock { $0 += "printed\n" } }
        foot.show { _, _ in ["one 8 80", "two"] }
        foot.show { _, _ in ["three"] }
        foot.leave()
        foot.above { written.withLock { $0 += "below\n" } }
        let up = "\u{1B}[1A\u{1B}[2K"
        #expect(written.withLock { $0 } == "one 8 80\ntwo\n\(up)\(up)printed\none 8 80\ntwo\n\(up)\(up)three\nbelow\n")
    }
}

@Suite("what hooks were told, on disk") struct ToldFileTests {
    @Test("it is kept by hook and journal, and one process at a time has it")
    func keeps() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "told-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/cutover.db.told"
        do {
            let file = try #require(ToldFile(path: path, journal: "one"))
            #expect(ToldFile(path: path, journal: "one") == nil)
            #expect(try await file.read("a") == nil)
            try await file.write(Told(mark: JournalMark("7"), topics: ["x"]), of: "a")
            try await file.write(Told(mark: JournalMark("9")), of: "b")
        }
        do {
            let again = try #require(ToldFile(path: path, journal: "one"))
            #expect(try await again.read("a") == Told(mark: JournalMark("7"), topics: ["x"]))
            #expect(try await again.read("b") == Told(mark: JournalMark("9")))
        }
        #expect(try await ToldFile(path: path, journal: "another")?.read("a") == nil)
        #expect(ToldFile.path(ofJournal: "sqlite:/srv/x.db") == "/srv/x.db.told" && ToldFile.path(ofJournal: "postgres://h/d") == "cutover.told")
    }
}
