import Foundation

/// The URL is set and no plugin runs: every write falls back without a word. Once wired, the same must stop the tenant.
enum SidecarNeverStarted {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(tenants: 2)
        try await productionFallsBack(stage)

        // The plugin dies at the moment at which the server is given its address: every gate was open before.
        let wired = "MEMORY_PLUGIN_URL=http://\(try EnvText(stage.env("acme")).require("PLUGIN_LISTEN"))"
        try PluginWrapper.put(
            """
            "$PLUGIN" & child=$!
            until grep -qxF '\(wired)' '\(stage.env("acme"))'; do sleep 0.01; done
            kill -9 $child
            """, on: "acme", stage)
        for _ in 0..<8 where try await stage.status(of: "acme").state != "failed" {
            let ended = try await stage.ctl("run", "--patience", "3")
            try expect(ended.code != 0, "a run without a plugin ended with 0")
            if ended.code == 3, try await stage.sign() == .nothing { continue }
        }
        let found = try await stage.status(of: "acme")
        try expect(["failed", "inDoubt"].contains(found.state) && found.place == "A1/env.wire", "the tenant is \(found.state) at \(found.place)")
        let verified = try await stage.verified()
        try expect(verified == Array(Stage.steps.prefix(4)), "these are verified: \(verified.joined(separator: ", "))")
        let why = try await stage.why()
        try expect(why.answer.contains("fell back silently"), "why says: \(why.answer)")
        for event in try await stage.history() where !event.place.isEmpty {
            try expect(Stage.steps.prefix(5).contains(event.place), "\(event.place) was \(event.kind) after env.wire failed")
        }
        let other = try await stage.history("globex")
        try expect(other.isEmpty, "globex was begun: \(other.map(\.kind).joined(separator: ", "))")

        try await stage.backToTheStart()
    }

    /// Agents commit through their doors, all is well, and the rows lie in v1 under the label of the fallback.
    private static func productionFallsBack(_ stage: Stage) async throws {
        let lab = try await stage.labStatus().tenants
        try expect(lab.allSatisfy { $0.server == "up" && $0.plugin == "down" && $0.v2 == nil }, "the lab is not as production was: \(lab)")
        let database = try stage.database()
        let fallback = "SELECT count(*) FROM public.agent_memories WHERE namespace = workspace_id::text"
        let before = try database.number(fallback)
        _ = try await eventually("a write that falls back", within: 20) { try database.number(fallback) > before ? true : nil }
    }
}
