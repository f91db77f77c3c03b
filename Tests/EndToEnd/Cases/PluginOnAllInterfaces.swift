/// A plugin that asks nobody for a password must not answer from other machines.
enum PluginOnAllInterfaces {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(agents: false)
        try PluginWrapper.put(
            """
            MEMORY_PLUGIN_LISTEN_ADDR="0.0.0.0:${MEMORY_PLUGIN_LISTEN_ADDR##*:}" "$PLUGIN" & child=$!
            wait $child
            """, on: "acme", stage)

        let ended = try await stage.ctl("run", "--patience", "2", code: 1)
        try expect(ended.out.contains("reachable from other addresses") && ended.out.contains("0.0.0.0"), "the run does not say why: \(ended.said)")
        let found = try await stage.status(of: "acme")
        try expect(found.state == "failed" && found.place == "A0/sidecar.start", "the tenant is \(found.state) at \(found.place)")
        let verified = try await stage.verified()
        try expect(verified == ["A0/host.prepare"], "these are verified: \(verified.joined(separator: ", "))")
        let why = try await stage.why()
        try expect(why.answer.contains("0.0.0.0"), "why says: \(why.answer)")

        try await stage.ctl("revert", "acme", "--to", "start", code: 0)
        let lab = try await stage.labStatus().tenants
        try expect(lab.allSatisfy { $0.plugin == "down" }, "the plugin still runs")
        try await stage.referee("v1", "acme")
    }
}
