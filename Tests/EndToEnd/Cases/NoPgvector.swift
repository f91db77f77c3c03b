/// The tenant's database lacks the extension: told before anything is started, and only the canary is hit.
enum NoPgvector {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(tenants: 3, agents: false)
        try stage.database().rows("DROP EXTENSION vector CASCADE")
        // Started without a look at the host, the plugin dies, and the server that has its address falls back.
        let died = try await PluginByHand(stage, on: "acme").ended()
        try expect(died.code != 0 && died.said.contains("vector"), "without pgvector the plugin ends with \(died.code): \(died.said)")

        let ended = try await stage.ctl("run", "--patience", "2", code: 1)
        try expect(ended.out.contains("pgvector"), "the run does not name pgvector: \(ended.said)")
        let found = try await stage.status(of: "acme")
        try expect(found.state == "failed" && found.place == "A0/host.prepare", "the canary is \(found.state) at \(found.place)")
        let why = try await stage.why()
        try expect(why.answer.contains("pgvector"), "why does not name pgvector: \(why.answer)")
        try expect(try await stage.verified().isEmpty, "something is verified")
        for event in try await stage.history() where !event.place.isEmpty {
            try expect(event.place == "A0/host.prepare", "\(event.place) was \(event.kind)")
        }
        for tenant in try await stage.labStatus().tenants {
            try expect(tenant.plugin == "down" && tenant.v2 == nil, "on \(tenant.tenant) the plugin was started")
        }
        for tenant in ["globex", "initech"] {
            try expect(try await stage.history(tenant).isEmpty, "\(tenant) was begun")
            let state = try await stage.status(of: tenant).state
            try expect(state == "pending", "\(tenant) is \(state)")
        }

        // Mended, it goes on where it was.
        try stage.database().rows("CREATE EXTENSION vector")
        try await stage.ctl("advance", "acme", "--to", "A0/host.prepare", code: 0)
        try await stage.ctl("revert", "acme", "--to", "start", code: 0)
        try await stage.referee("v1", "globex")
    }
}
