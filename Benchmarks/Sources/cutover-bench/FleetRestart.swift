import Foundation

/// `cutoverctl run` on a journal of four million events, killed with -9 and started again: from its start to its first decision on a tenant.
/// Every tenant soaks; none of the hosts answers, and that is what it finds out first.
struct FleetRestart: Bench {
    let name = "fleet-restart"

    func measure(_ ground: Ground) async throws -> [Figure] {
        let fleet = try FleetGround()
        let journal = try await fleet.journal("restart", events: 4_000_000 / FleetGround.tenants)
        var taken: [Double] = []
        for run in 1...6 {
            let took = try firstDecision(fleet, journal)
            tell(String(format: "%@ %d: %.2f s", name, run, took))
            // The first leaves what a killed loop leaves behind.
            if run > 1 { taken.append(took) }
        }
        return [Figure(name, taken, bound: 3, unit: "s", .atMost(1))]
    }

    private func firstDecision(_ fleet: FleetGround, _ journal: String) throws -> Double {
        let program = Process()
        program.executableURL = URL(filePath: FleetGround.program)
        program.arguments = ["run", "--unattended", "--json-lines", "--plan", fleet.planFile, "--fleet", fleet.fleetFile, "--journal", journal, "--as", "bench"]
        let said = Pipe()
        program.standardOutput = said
        program.standardError = FileHandle(forWritingAtPath: "/dev/null")
        let began = ContinuousClock.now
        try program.run()
        var line = Data()
        while !line.contains(UInt8(ascii: "\n")) {
            let more = said.fileHandleForReading.availableData
            if more.isEmpty { break }
            line += more
        }
        let took = inSeconds(ContinuousClock.now - began)
        kill(program.processIdentifier, SIGKILL)
        program.waitUntilExit()
        guard line.contains(UInt8(ascii: "\n")) else { throw Trouble("the loop ended without a decision") }
        tell(String(decoding: line.prefix(200), as: UTF8.self).split(separator: "\n").first.map(String.init) ?? "")
        return took
    }
}
