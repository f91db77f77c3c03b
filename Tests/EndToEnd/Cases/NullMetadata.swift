import Foundation

/// A release of the plugin fails every commit without metadata. The canary finds out at once, and so does a sample when it comes later.
enum NullMetadata {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(tenants: 3, agents: false)
        try await byHand(stage)
        try PluginWrapper.put("LAB_PLUGIN_FAULT=null-metadata-500 \"$PLUGIN\" & child=$!\nwait $child", on: "acme", stage)

        let ended = try await stage.ctl("run", "--patience", "2", code: 1)
        try expect(ended.out.contains("500"), "the run does not say why: \(ended.said)")
        let found = try await stage.status(of: "acme")
        try expect(found.state == "failed" && found.place == "A0/sidecar.start", "the canary is \(found.state) at \(found.place)")
        try expect(try await stage.verified() == ["A0/host.prepare"], "the sidecar stands verified")
        try expect(try await stage.history("globex").isEmpty, "globex was begun")

        try await stage.ctl("revert", "acme", "--to", "start", code: 0)
        try await stage.referee("v1", "acme", "globex")
    }

    /// Its health says that all is well, and who only looks at that lets every agent's commit fail.
    private static func byHand(_ stage: Stage) async throws {
        let plugin = try await PluginByHand(stage, on: "initech", fault: "null-metadata-500")
        try await plugin.awaitHealth()
        let namespace = try await plugin.ask("PUT", "/v1/namespaces/custom:agents", #"{"kind":"custom","metadata":{"by":"hand"}}"#)
        let commits = (
            try await plugin.ask("POST", "/v1/namespaces/custom:agents/memories", #"{"content":"with","kind":"fact","source":"agent","propagation":{"by":"hand"}}"#),
            try await plugin.ask("POST", "/v1/namespaces/custom:agents/memories", #"{"content":"without","kind":"fact","source":"agent"}"#)
        )
        try await plugin.stop()
        try expect(namespace == 200 && commits == (201, 500), "commits with and without metadata answer \(commits), the namespace \(namespace)")
    }
}

/// Commits fail for namespaces that were never used, weeks after everything else works; and, on another day, those without metadata.
enum FreshNamespace {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(tenants: 2, agents: false)
        try await byHand(stage)
        let fault = try stage.file("fault", "none")
        try PluginWrapper.put("LAB_PLUGIN_FAULT_FILE='\(fault)' \"$PLUGIN\" & child=$!\nwait $child", on: "acme", stage)
        var env = try EnvText(stage.env("acme"))
        try env.set("LAB_SERVER_FAULT_FILE", to: try stage.file("server-fault", "none"))
        try await stage.forward("advance", "acme", "--to", "A3/legacy.archive")

        // By the plugin; by a server that never makes a namespace, at whose plugin nothing is wrong; and those without metadata.
        for broken in ["fresh-namespace", "no-namespaces", "null-metadata-500"] {
            _ = try stage.file(broken == "no-namespaces" ? "server-fault" : "fault", broken)
            try await stage.ctl("advance", "acme", code: 3)
            // Longer than the soak's whole window.
            try await Task.sleep(for: .seconds(12))
            let ended = try await stage.ctl("advance", "acme", code: 3)
            let why = try await stage.why()
            try expect(why.step.hasSuffix("A3/soak.wait"), "with \(broken) the tenant stands at \(why.step): \(ended.said)")
            let told = broken == "null-metadata-500" ? "answered 50" : "a commit into a fresh namespace (LOCAL)"
            try expect(why.answer.contains(told), "why does not tell of \(broken): \(why.answer)")
            try expect(!(try await stage.verified().contains("A3/soak.wait")), "the soak ended in spite of \(broken)")
            try expect(try stage.database().number("SELECT count(*) FROM pg_class WHERE oid = to_regclass('public.agent_memories')") == 1, "v1 is gone")
            for file in ["fault", "server-fault"] { _ = try stage.file(file, "none") }
        }

        try await stage.forward("advance", "acme", "--to", "A3/legacy.drop", "--wait")
    }

    /// For whoever looks at its health, or commits where something was committed before, nothing is wrong.
    private static func byHand(_ stage: Stage) async throws {
        let fault = try stage.file("fault-by-hand", "none")
        let plugin = try await PluginByHand(stage, on: "globex", faultFile: fault)
        try await plugin.awaitHealth()
        func commit(_ workspace: String) async throws -> Int {
            _ = try await plugin.ask("PUT", "/v1/namespaces/custom:\(workspace)", #"{"kind":"custom"}"#)
            return try await plugin.ask("POST", "/v1/namespaces/custom:\(workspace)/memories", #"{"content":"noted","kind":"fact","source":"agent"}"#)
        }
        let before = try await commit("old")
        _ = try stage.file("fault-by-hand", "fresh-namespace")
        let (old, fresh, health) = (try await commit("old"), try await commit("fresh"), try await plugin.ask("GET", "/v1/health"))
        try await plugin.stop()
        try expect(before == 201 && old == 201 && health == 200 && fresh == 500, "an old workspace's commits answer \(before) and \(old), a fresh one's \(fresh), and health \(health)")
    }
}
