import Foundation

/// Callers of the old read route got nothing any more once the table was dropped; a few a day were known, and accepted.
enum ReadersLeftBehind {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(tenants: 2, rows: 60, agents: false)
        try await byHand(stage)

        try await stage.forward("advance", "acme", "--to", "A3/legacy.archive", "--wait")
        // A server of the old version that nobody thought of still runs beside the strict one, and somebody asks it now and then.
        let port = try FreePort.any()
        let old = try await oldServer(stage, port)
        defer { old.kill() }
        _ = try await eventually("the old server answers", within: 60) { try await memories(stage, "acme", at: "http://127.0.0.1:\(port)") == 200 ? true : nil }
        try await stage.ctl("advance", "acme", "--to", "A3/soak.wait", code: 3)
        // For longer than the soak's whole window, and seldom.
        for _ in 0..<6 {
            try await Task.sleep(for: .seconds(2.5))
            try expect(try await memories(stage, "acme", at: "http://127.0.0.1:\(port)") == 200, "the old route was taken from its callers")
        }
        try await stage.ctl("advance", "acme", code: 3)
        let why = try await stage.why()
        try expect(why.step.hasSuffix("A3/soak.wait") && why.answer.contains("somebody read or wrote v1"), "with a reader left behind the tenant stands at \(why.step): \(why.answer)")
        try expect(!(try await stage.verified().contains("A3/soak.wait")), "the soak ended in spite of a reader")
        try expect(try stage.database().number("SELECT count(*) FROM pg_class WHERE oid = to_regclass('public.agent_memories')") == 1, "v1 is gone")

        // Nobody is left behind any more.
        old.kill()
        _ = try await old.ended()
        try await stage.forward("advance", "acme", "--to", "A3/legacy.drop", "--wait")
        try expect(try await stage.verified().last == "A3/legacy.drop", "with no reader left the drop was not reached")
        try await stage.referee("v2", "acme")
    }

    /// Without the guard: nobody looks who reads, and the table goes.
    private static func byHand(_ stage: Stage) async throws {
        let server = try EnvText(stage.env("globex")).require("WORKSPACE_SERVER_URL")
        try expect(try await memories(stage, "globex", at: server) == 200, "the old read route does not answer to begin with")
        try stage.database("globex").rows("DROP TABLE public.agent_memories")
        let after = try await memories(stage, "globex", at: server)
        try expect(after >= 400, "the table is dropped, and its readers get \(after)")
    }

    /// The status of the old read route.
    private static func memories(_ stage: Stage, _ tenant: String, at server: String) async throws -> Int {
        let env = try EnvText(stage.env(tenant))
        return try await stage.request(
            "GET", "\(server)/workspaces/\(try env.require("PROBE_WORKSPACE_ID"))/memories", ["Authorization: Bearer \(try env.require("PROBE_WORKSPACE_TOKEN"))"])
    }

    private static func oldServer(_ stage: Stage, _ port: Int) async throws -> RunningProgram {
        let env = try EnvText(stage.env("acme"))
        return try await stage.start(
            "lab-workspace-server", [],
            [
                "DATABASE_URL": try env.require("DATABASE_URL"), "AUTH_SECRET": try env.require("AUTH_SECRET"),
                "MEMORY_PLUGIN_URL": try env.require("MEMORY_PLUGIN_URL"), "LISTEN_ADDR": "127.0.0.1:\(port)",
            ])
    }
}
