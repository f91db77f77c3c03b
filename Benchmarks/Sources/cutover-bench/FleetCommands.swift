import Cutover
import Foundation

/// How long the released program takes from its start to its end, and how much memory.
enum Timed {
    /// Seconds of wall clock, and the most memory resident at once in MiB. What it says goes nowhere. Blocks.
    static func run(_ arguments: [String]) throws -> (seconds: Double, peakMiB: Double) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { argv.forEach { free($0) } }
        var child = pid_t()
        let began = ContinuousClock.now
        guard let program = arguments.first, posix_spawn(&child, program, &actions, nil, &argv, environ) == 0 else { throw Trouble("cannot start \(arguments.first ?? "nothing")") }
        var (status, usage): (Int32, rusage) = (0, rusage())
        while wait4(child, &status, 0, &usage) < 0, errno == EINTR {}
        let took = inSeconds(ContinuousClock.now - began)
        guard status == 0 else { throw Trouble("\(arguments.joined(separator: " ")) failed (status \(status))") }
        return (took, Double(usage.ru_maxrss) / 1024)
    }

    /// The first run warms the file cache, and is not counted.
    static func runs(_ count: Int, _ arguments: [String]) throws -> [(seconds: Double, peakMiB: Double)] {
        guard FileManager.default.isExecutableFile(atPath: arguments[0]) else { throw Trouble("there is no \(arguments[0]): swift build -c release --product cutoverctl") }
        _ = try run(arguments)
        let runs = try (0..<count).map { _ in try run(arguments) }
        tell("\(arguments.dropFirst().first ?? ""): " + runs.map { String(format: "%.1f ms %.0f MiB", $0.seconds * 1000, $0.peakMiB) }.joined(separator: ", "))
        return runs
    }
}

/// `cutoverctl --help`, from its start to its end.
struct FleetHelp: Bench {
    let name = "fleet-help-cold"
    func measure(_ ground: Ground) async throws -> [Figure] {
        let runs = try Timed.runs(15, [FleetGround.program, "--help"])
        return [Figure(name, runs.map { $0.seconds * 1000 }, bound: 30, unit: "ms", .atMost(1))]
    }
}

/// `cutoverctl status` of the fleet, of which most soak, some are earlier on their way, and some have not begun.
struct FleetStatus: Bench {
    let name = "fleet-status"
    func measure(_ ground: Ground) async throws -> [Figure] {
        let fleet = try FleetGround()
        let journal = try await fleet.mixedJournal()
        let runs = try Timed.runs(7, [FleetGround.program, "status", "-o", "json", "--plan", fleet.planFile, "--fleet", fleet.fleetFile, "--journal", journal])
        return [
            Figure(name, runs.map { $0.seconds * 1000 }, bound: 150, unit: "ms", .atMost(1)), Figure("\(name)-memory", runs.map(\.peakMiB), bound: 100, unit: "MiB", .atMost(1)),
        ]
    }
}

/// `cutoverctl history` of one tenant out of that journal.
struct FleetHistory: Bench {
    let name = "fleet-history"
    func measure(_ ground: Ground) async throws -> [Figure] {
        let fleet = try FleetGround()
        let journal = try await fleet.mixedJournal()
        let runs = try Timed.runs(
            7, [FleetGround.program, "history", fleet.fleet.tenants[FleetGround.tenants / 2].id.text, "--plan", fleet.planFile, "--fleet", fleet.fleetFile, "--journal", journal])
        return [Figure(name, runs.map { $0.seconds * 1000 }, bound: 50, unit: "ms", .atMost(1))]
    }
}

extension FleetGround {
    func mixedJournal() async throws -> String {
        try await journal("mixed", events: 0) { number, all in
            switch number % 10 {
            case 0: 1
            case 1: all / 2
            default: all
            }
        }
    }
}
