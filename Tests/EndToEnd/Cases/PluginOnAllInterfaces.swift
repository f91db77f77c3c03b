/// A plugin that asks nobody for a password must not answer from other machines.
enum PluginOnAllInterfaces {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(tenants: 2, agents: false)
        try await byHand(stage)
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

    /// When nobody looks where it listens, whoever reaches the machine writes and reads, and no door asks who it is.
    private static func byHand(_ stage: Stage) async throws {
        let plugin = try await PluginByHand(stage, on: "globex", address: "0.0.0.0")
        try await plugin.awaitHealth()
        let written = (
            try await plugin.ask("PUT", "/v1/namespaces/custom:stranger", #"{"kind":"custom"}"#, at: "127.0.0.2"),
            try await plugin.ask("POST", "/v1/namespaces/custom:stranger/memories", #"{"content":"from anywhere","kind":"fact","source":"user","propagation":{"by":"nobody"}}"#, at: "127.0.0.2")
        )
        try await plugin.stop()
        try expect(written == (200, 201), "by another address the plugin answered \(written)")
    }
}
