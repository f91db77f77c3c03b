import Foundation

/// The plugin dies, or takes requests and never answers, in the middle: nothing that depends on it is called verified.
enum PluginFelled {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise()
        for (step, signal) in [("A1/env.wire", SIGSTOP), ("A1/shadow.watch", SIGKILL), ("A3/fallback.remove", SIGSTOP)] {
            guard let index = Stage.steps.firstIndex(of: step), index > 0 else { throw Trouble("there is no step \(step)") }
            try await stage.forward("advance", "acme", "--to", Stage.steps[index - 1], "--wait")
            let before = try await stage.verified()
            let plugin = try felled(stage, signal)
            for _ in 0..<2 {
                let ended = try await stage.ctl("advance", "acme", "--to", step, "--wait", "--patience", "6")
                try expect(ended.code != 0, "with the plugin felled by signal \(signal), `\(ended.words)` ended with 0")
                _ = try await stage.sign()
            }
            let verified = try await stage.verified()
            try expect(!verified.contains(step) && verified.count <= before.count, "with the plugin felled \(step) is verified")
            if signal == SIGSTOP { kill(plugin, SIGCONT) }
            // What is left in doubt or failed goes on once the plugin answers again.
            for _ in 0..<12 {
                if try await stage.verified().contains(step) { break }
                _ = try await stage.ctl("advance", "acme", "--to", step, "--wait")
                try await stage.sign()
            }
            let why = try await stage.why().answer
            let again = try await stage.verified()
            try expect(again.contains(step), "with the plugin back \(step) is not verified: \(why)")
        }
        try await stage.referee("v2", "acme")
        try await stage.backToTheStart()
    }

    private static func felled(_ stage: Stage, _ signal: Int32) throws -> Int32 {
        guard let plugin = Leftovers.of(stage.root).first(where: { $0.command.split(separator: " ").first?.hasSuffix("lab-plugin") == true }) else { throw Trouble("no plugin runs") }
        kill(plugin.pid, signal)
        return plugin.pid
    }
}
