import Foundation

/// The copy does not need whoever asked for it: killed in the middle of it, held, released and taken back, nothing is lost and nothing begins anew.
enum CallerKilled {
    @Sendable static func run(_ stage: Stage) async throws {
        var stage = stage
        try await stage.raise(rows: 3000)
        let text = try String(contentsOfFile: stage.places.plan, encoding: .utf8)
        stage.plan = try stage.file("slow.yaml", text.replacing("chunkRows: 200", with: "chunkRows: 10, throttle: { nice: 8 }"))
        try await stage.ctl("advance", "acme", "--to", "A1/mirror.install", code: 0)

        let first = try await killedInTheMiddle(stage)
        let later = try await eventually("the copy goes on without whoever began it", within: 20) { try copied(stage).number(over: first + 30) }
        let held = try await heldAndReleased(stage, after: later)
        try await takenBack(stage, after: held)

        let again = try await stage.start("cutoverctl", ["advance", "acme", "--to", "A1/backfill.copy"])
        _ = try await eventually("the copy is under way again", within: 30, pause: 20) { try copied(stage).number(over: 20) }
        try await stage.ctl("throttle", "acme", "--nice", "0", "--reason", "the night has come", code: 0)
        let ended = try await again.ended()
        try expect(ended.code == 0, "with nothing to hold it, the copy ended with \(ended.code): \(ended.said)")
        try await stage.referee("v2", "acme")
        try await stage.ctl("journal", "verify", code: 0)
    }

    /// Rows the copy has looked at; nil before it was begun.
    private static func copied(_ stage: Stage) throws -> Int? {
        let database = try stage.database()
        guard try database.number("SELECT count(*) FROM cutover.control WHERE mode = 'copy'") == 1 else { return nil }
        return try database.number("SELECT sum(copied) FROM cutover.copy_range")
    }

    /// Kills the controller and whatever it began on the host but the watch; answers how far the copy was.
    private static func killedInTheMiddle(_ stage: Stage, over least: Int = 40) async throws -> Int {
        let caller = try await stage.start("cutoverctl", ["advance", "acme", "--to", "A1/backfill.copy"])
        let seen = try await eventually("the copy is under way", within: 30, pause: 20) { try copied(stage).number(over: least) }
        caller.kill()
        for process in Leftovers.of(stage.host("acme")) where process.command.contains("cutoverctl host ") && !process.command.contains("host watch") { kill(process.pid, SIGKILL) }
        let ended = try await caller.ended()
        try expect(ended.wasKilled, "the copy was over before its caller could be killed: \(ended.said)")
        try expect(try stage.database().number("SELECT count(*) FROM cutover.copy_range WHERE NOT done") == 1, "the copy was over when its caller was killed")
        return seen
    }

    private static func heldAndReleased(_ stage: Stage, after later: Int) async throws -> Int {
        try await stage.ctl("hold", "acme", "--reason", "a customer called", code: 0)
        // The chunk under way ends.
        try await Task.sleep(for: .milliseconds(1500))
        let held = try copied(stage) ?? 0
        try await Task.sleep(for: .milliseconds(1500))
        let still = try copied(stage) ?? 0
        try expect(still == held, "held at \(held) rows, the copy went on to \(still)")
        try expect(held >= later, "held, the copy is at \(held) rows after \(later)")
        try await stage.ctl("advance", "acme", "--to", "A1/backfill.copy", code: 3)
        try await stage.ctl("release", "acme", "--reason", "it was about something else", code: 0)
        let on = try await killedInTheMiddle(stage, over: held + 20)
        try expect(on >= held, "released, the copy began again at \(on) rows after \(held)")
        return on
    }

    /// While the copy runs on without a caller.
    private static func takenBack(_ stage: Stage, after rows: Int) async throws {
        try await stage.ctl("revert", "acme", "--to", "A1/mirror.install", "--reason", "not today", code: 0)
        try expect(try copied(stage) == nil, "taken back, the copy is still asked for")
        let left = try stage.database().number("SELECT count(*) FROM memory_plugin.memory_records WHERE content NOT LIKE 'cutover-probe%'")
        try expect(left == 0, "taken back after \(rows) rows, \(left) are left in v2")
        let verified = try await stage.verified()
        try expect(verified.last == "A1/mirror.install", "taken back, these stand verified: \(verified)")
        try await stage.referee("v1", "acme")
    }
}

extension Int? {
    /// Itself, if it is more than that.
    fileprivate func number(over least: Int) -> Int? { map { $0 > least } == true ? self : nil }
}
