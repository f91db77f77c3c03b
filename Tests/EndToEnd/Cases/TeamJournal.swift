import Foundation

/// Three workers on one journal in PostgreSQL: one is killed in the middle of a step, one is stopped for longer than its lease, and the third carries all to the end.
enum TeamJournal {
    @Sendable static func run(_ first: Stage) async throws {
        var stage = first
        try await stage.raise(tenants: 3)
        let database = try stage.database()
        try database.rows("CREATE DATABASE journal")
        let port = try database.texts("SHOW port")[0]
        stage.team = "postgres://lab@127.0.0.1:\(port)/journal?sslmode=disable"
        let tenants = try await stage.labStatus().tenants.map(\.tenant)
        try await stage.ctl("status", "--json", code: 0)
        try await stage.ctl("preview", code: 0)

        let killed = try await worker("killed", stage)
        try await isAtWork("killed", tenants, stage)
        killed.kill()
        let stopped = try await worker("stopped", stage)
        try await isAtWork("stopped", tenants, stage)
        stopped.kill(SIGSTOP)
        let third = try await worker("third", stage)
        // Longer than a lease: what the stopped one held has to pass on.
        try await isAtWork("third", tenants, stage)
        try await Task.sleep(for: .seconds(20))
        stopped.kill(SIGCONT)
        for one in [stopped, third] {
            let ended = try await one.ended(within: 400)
            try expect([0, 3, 4, 5].contains(ended.code), "a worker ended with \(ended.code): \(ended.said)")
        }
        try await stage.forward("run", tenants: tenants)
        for tenant in tenants {
            let found = try await stage.status(of: tenant)
            try expect(found.milestone == "drop table", "\(tenant) ended at '\(found.milestone)', \(found.place) is \(found.state)")
        }
        try await stage.referee("v2", of: tenants)
        try await stage.ctl("journal", "verify", code: 0)
        try await stage.ctl("journal", "backup", "\(stage.folder)/copy.db", code: 0)
        try await stage.ctl("journal", "verify", code: 0, changing: ["CUTOVER_JOURNAL": "\(stage.folder)/copy.db"])
    }

    private static func worker(_ name: String, _ stage: Stage) async throws -> RunningProgram {
        try await stage.start("cutoverctl", ["run"], ["CUTOVER_OPERATOR": name])
    }

    /// It has begun a step that nobody has ended.
    private static func isAtWork(_ name: String, _ tenants: [String], _ stage: Stage) async throws {
        _ = try await eventually("\(name) begins a step", within: 90, pause: 5) { () -> Bool? in
            for tenant in tenants {
                guard let last = try? await stage.history(tenant).last else { continue }
                if last.by == name, last.kind == "started" { return true }
            }
            return nil
        }
    }
}
