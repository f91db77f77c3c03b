import Cutover
import Foundation
import Journals
import Simulation

/// The loop over a fleet that all soaks, by a clock that runs faster than the machine's: processor time by the injected clock, and memory.
///
/// `FLEET_IDLE_HOURS` says how many hours of the injected clock are watched, `FLEET_IDLE_SPEED` how fast it runs. The simulated hosts are part
/// of the process, and of its figures.
struct FleetIdle: Bench {
    let name = "fleet-run-idle"

    func measure(_ ground: Ground) async throws -> [Figure] {
        let fleet = try FleetGround()
        let soaking = try await fleet.journal("soaking", events: 0)
        let path = "\(fleet.folder)/idle.db"
        for end in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: path + end)
            if FileManager.default.fileExists(atPath: soaking + end) { try FileManager.default.copyItem(atPath: soaking + end, toPath: path + end) }
        }
        let said = try await Child.play(IdleProcess.role, [path])
        let numbers = said.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        guard numbers.count == 3 else { throw Trouble("the loop said \(said)") }
        return [
            Figure(name, [numbers[0]], bound: 2, unit: "% core", .atMost(1)), Figure("\(name)-memory", [numbers[1]], bound: 150, unit: "MiB", .atMost(1)),
            Figure("\(name)-flat", [numbers[2]], bound: 1, unit: "x", .atMost(1.05)),
        ]
    }
}

enum IdleProcess {
    static let role = "fleet-idle"

    static func main(_ arguments: [String]) async throws {
        let variables = ProcessInfo.processInfo.environment
        let hours = variables["FLEET_IDLE_HOURS"].flatMap { Double($0) } ?? 3
        let speed = variables["FLEET_IDLE_SPEED"].flatMap { Double($0) } ?? 60
        let fleet = try FleetGround()
        let journal = try openJournal(arguments[0], create: false, random: Chance())
        let time = FastTime(Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)), speed: speed)
        let engine = fleet.engine(journal, time)
        var manner = FleetRun.Manner()
        manner.bell = Bell()
        manner.isUnattended = true
        let account = manner.account
        let run = FleetRun(engine: engine, tenants: fleet.fleet.tenants.map(\.id), byWaves: true, manner: manner) { _, _ in }
        let loop = Task { try await run.run(waitForClocks: true, patience: 100) }
        // Until each has been asked once, and its samplers run.
        while (account.picture(time.now).counts[.asked] ?? 0) < 2 * FleetGround.tenants, account.picture(time.now).outcomes.count < FleetGround.tenants { try await Task.sleep(for: .seconds(1)) }
        try await Task.sleep(for: .seconds(5))
        tell(String(format: "all were asked after %.0f s; %.0f MiB", inSeconds(ContinuousClock.now - Self.start), try residentMiB()))
        let begun = (cpu: cpuSeconds(), at: time.now, asked: account.picture(time.now).counts[.asked] ?? 0)
        var memory: [Double] = []
        while time.now.seconds(since: begun.at) < hours * 3600 {
            try await Task.sleep(for: .seconds(5))
            memory.append(try residentMiB())
            tell(String(format: "%.2f h: %.1f s of the processor, %d asked, %.0f MiB", time.now.seconds(since: begun.at) / 3600, cpuSeconds() - begun.cpu, (account.picture(time.now).counts[.asked] ?? 0) - begun.asked, memory.last ?? 0))
        }
        let share = (cpuSeconds() - begun.cpu) / time.now.seconds(since: begun.at) * 100
        loop.cancel()
        _ = try? await loop.value
        let half = memory.count / 2
        print(share, memory.max() ?? 0, median(Array(memory.suffix(half))) / median(Array(memory.prefix(half))))
    }

    private static let start = ContinuousClock.now

    private static func cpuSeconds() -> Double {
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }

    private static func residentMiB() throws -> Double {
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
        return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
    }
}
