import Foundation

/// Two operators at one tenant: the older is paused in the middle of a step, its lease runs out, the younger takes the tenant back; then the older
/// wakes and goes on where it was. Nothing of it arrives.
enum PausedOperator {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(agents: false)
        try await stage.ctl("advance", "acme", "--to", "A0/host.prepare", code: 0)
        let older = try await stage.start("cutoverctl", ["advance", "acme", "--to", "A0/sidecar.start"], ["CUTOVER_OPERATOR": "older"])
        _ = try await eventually("the older begins a step", within: 60, pause: 5) { () -> Bool? in
            try await stage.history().last?.kind == "started" ? true : nil
        }
        older.kill(SIGSTOP)
        let younger: [String: String?] = ["CUTOVER_OPERATOR": "younger"]
        let turned = try await stage.ctl("advance", "acme", "--to", "A0/sidecar.start", changing: younger)
        try expect(turned.code == 5, "while the lease runs, the younger's `advance` ended with \(turned.code): \(turned.said)")
        _ = try await eventually("the lease runs out", within: 120, pause: 1000) { () -> Bool? in
            try await stage.ctl("advance", "acme", "--to", "A0/sidecar.start", changing: younger).code == 0 ? true : nil
        }
        try await stage.ctl("revert", "acme", "--to", "A0/host.prepare", "--reason", "not today", code: 0, changing: younger)
        let before = try await stage.history()
        let (done, plugins) = (try operations(stage), plugins(stage))
        try expect(plugins.isEmpty, "taken back, the plugin runs: \(plugins)")

        older.kill(SIGCONT)
        let ended = try await older.ended()
        try expect(ended.code == 5, "woken, the older ended with \(ended.code): \(ended.said)")
        try expect(try await stage.history().map(\.hash) == before.map(\.hash), "woken, the older wrote into the journal")
        try expect(try operations(stage) == done, "woken, the older's operation was carried out")
        try expect(Self.plugins(stage).isEmpty, "woken, the older started the plugin")
        try expect(try await stage.verified() == ["A0/host.prepare"], "woken, the older changed what stands")
        try await stage.ctl("advance", "acme", "--to", "A0/sidecar.start", code: 0, changing: younger)
        try await stage.ctl("journal", "verify", code: 0)
    }

    private static func operations(_ stage: Stage) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(stage.host("acme"))/ops").sorted()
    }

    private static func plugins(_ stage: Stage) -> [String] { Leftovers.of(stage.host("acme")).map(\.command).filter { $0.contains("lab-plugin") } }
}
