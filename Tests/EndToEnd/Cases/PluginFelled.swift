import Foundation

/// The plugin dies, takes requests and never answers, answers 500 or breaks off in the middle of an answer: nothing that depends on it is called verified. One that died
/// is brought back by the watch, as soon as it can be.
enum PluginFelled {
    private enum Way: CustomStringConvertible {
        case stalled, killed
        /// Answers 500, and then breaks off.
        case faulty
        var description: String { self == .stalled ? "stalled" : self == .killed ? "killed" : "faulty" }
    }

    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise()
        // While that file is there, the plugin ends as soon as it is started.
        let broken = "\(stage.folder)/broken"
        try PluginWrapper.put("[ ! -e '\(broken)' ] || exit 1\nLAB_PLUGIN_FAULT_FILE='\(stage.folder)/fault' \"$PLUGIN\" & child=$!\nwait $child", on: "acme", stage)
        for (step, way) in [("A0/sidecar.start", Way.faulty), ("A1/env.wire", .stalled), ("A1/shadow.watch", .killed), ("A3/fallback.remove", .stalled), ("A3/soak.wait", .killed)] {
            guard let index = Stage.steps.firstIndex(of: step), index > 0 else { throw Trouble("there is no step \(step)") }
            try await stage.forward("advance", "acme", "--to", Stage.steps[index - 1], "--wait")
            let before = try await stage.verified()
            let plugin = try plugin(stage)
            if way == .killed { _ = try stage.file("broken", "") }
            if way != .faulty {
                guard let plugin else { throw Trouble("no plugin runs") }
                kill(plugin, way == .killed ? SIGKILL : SIGSTOP)
            }
            for fault in ["broken", "truncate"] {
                if way == .faulty { _ = try stage.file("fault", fault) }
                let ended = try await forAWhile(stage, ["advance", "acme", "--to", step, "--wait"])
                try expect([1, 3, 4, 6].contains(ended.code), "with the plugin \(way), `\(ended.words)` ended with \(ended.code): \(ended.said)")
                _ = try await stage.sign()
            }
            let verified = try await stage.verified()
            try expect(!verified.contains(step) && verified.count <= before.count, "with the plugin \(way) \(step) is verified")
            _ = try stage.file("fault", "none")
            if let plugin { try await mended(stage, broken, plugin, way) }
            // What is left in doubt or failed goes on once the plugin answers again.
            for _ in 0..<12 {
                if try await stage.verified().contains(step) { break }
                // The server's own breaker may keep it from the plugin for a minute.
                _ = try await stage.start("cutoverctl", ["advance", "acme", "--to", step, "--wait"]).ended(within: 180)
                try await stage.sign()
                if try await stage.why().answer.contains("503") { try await Task.sleep(for: .seconds(6)) }
            }
            let why = try await stage.why().answer
            let again = try await stage.verified()
            try expect(again.contains(step), "with the plugin back \(step) is not verified: \(why)")
        }
        try await stage.referee("v2", "acme")
        try await stage.backToTheStart()
    }

    /// Ctrl-C after some seconds: a wait would go on for ever.
    private static func forAWhile(_ stage: Stage, _ words: [String]) async throws -> RunningProgram.Ended {
        let program = try await stage.start("cutoverctl", words)
        let interrupt = Task {
            try await Task.sleep(for: .seconds(9))
            program.kill(SIGINT)
        }
        defer { interrupt.cancel() }
        return try await program.ended()
    }

    private static func mended(_ stage: Stage, _ broken: String, _ plugin: Int32, _ way: Way) async throws {
        guard way == .killed else {
            kill(plugin, SIGCONT)
            return
        }
        try FileManager.default.removeItem(atPath: broken)
        _ = try await eventually("the watch starts the plugin again", within: 40) { try Self.plugin(stage) }
        _ = try await eventually("the host's evidence tells of it", within: 10) {
            try String(contentsOfFile: "\(stage.host("acme"))/evidence.jsonl", encoding: .utf8).contains("sidecarRestarted") ? true : nil
        }
    }

    /// Known by the address it was told to listen on.
    private static func plugin(_ stage: Stage) throws -> Int32? {
        let listens = "MEMORY_PLUGIN_LISTEN_ADDR=\(try EnvText(stage.env("acme")).require("PLUGIN_LISTEN"))"
        return Leftovers.all.first { $0.command.split(separator: " ").first?.hasSuffix("lab-plugin") == true && Leftovers.read($0.pid, "environ").contains(listens) }?.pid
    }
}
