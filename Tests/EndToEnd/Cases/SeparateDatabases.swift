import Foundation

/// The plugin's tables in a PostgreSQL of their own: all the way to the drop, and back, with agents at work throughout.
enum SeparateDatabases {
    @Sendable static func run(_ stage: Stage) async throws {
        var stage = stage
        try await stage.raise(separatePluginDatabase: true)
        let text = try String(contentsOfFile: stage.places.plan, encoding: .utf8)
        try expect(text.contains("pluginDatabase: same-instance-schema"), "the lab's plan decides nothing about the plugin's database")
        stage.plan = try stage.file("plan-separate.yaml", text.replacingOccurrences(of: "pluginDatabase: same-instance-schema", with: "pluginDatabase: separate"))
        let preview = try await stage.ctl("preview", "acme", code: 0)
        try expect(preview.out.contains("two databases: no transaction spans both"), "the preview does not say what two databases leave open")

        try await stage.forwardToTheDrop()
        let steps = try await stage.verified()
        try expect(steps == Stage.steps, "the steps were verified in this order: \(steps.joined(separator: ", "))")
        try await stage.ctl("journal", "verify", code: 0)
        try await stage.ctl("check", "acme", code: 0)
        try await stage.referee("v2", "acme")
        let secret = try EnvText(stage.env("acme")).require("MEMORY_PLUGIN_DATABASE_URL")
        try expect(!(try await stage.ctl("history", "acme", "--json", code: 0)).out.contains(secret), "the journal knows the URL of the plugin's database")

        try await stage.backToTheStart()
        for key in ["DATABASE_URL", "MEMORY_PLUGIN_DATABASE_URL"] {
            let left = try Database(url: EnvText(stage.env("acme")).require(key)).texts(
                """
                SELECT nspname::text FROM pg_namespace WHERE nspname IN ('cutover', 'memory_plugin')
                UNION ALL SELECT tgname::text FROM pg_trigger WHERE tgname LIKE 'cutover%'
                """)
            try expect(left.isEmpty, "after the way back \(key) still has \(left.joined(separator: ", "))")
        }
        try await stage.forward("advance", "acme", "--to", "A1/env.wire", "--wait")
        try await stage.referee("v2", "acme")
        try await stage.ctl("journal", "verify", code: 0)
    }
}
