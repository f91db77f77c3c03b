import Foundation

/// An older deployment that started late rolled the canary backward over a newer one.
enum SupersededRollout {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(rows: 60, agents: false)
        let older = try EnvText(stage.env("acme")).require("STRICT_SERVER_COMMAND")
        let newer = try newRelease(stage, of: older)
        let late = try plan(stage, 1, release: "STRICT_SERVER_COMMAND")
        try await stage.forward("advance", "acme", "--to", "A3/fallback.remove", "--wait", changing: ["CUTOVER_PLAN": try plan(stage, 2, release: "NEWER_SERVER_COMMAND")])
        try mustRun(newer, "the newer plan was carried out", stage)

        try await withoutTheGuard(stage, older)
        let mended = try plan(stage, 4, release: "NEWER_SERVER_COMMAND")
        try await roll(stage, mended)
        try mustRun(newer, "a newer plan still was carried out", stage)

        let (before, pid) = (try await stage.history(changing: ["CUTOVER_PLAN": mended]).map(\.hash), try serverPid(stage))
        for words in [
            ["advance", "acme"], ["adopt", "acme"], ["advance", "--wave", "canary"], ["run"],
            ["check", "acme", "--reopen", "--reason", "late"], ["revert", "acme", "--to", "start", "--reason", "late", "--confirm", "acme"],
        ] {
            let ended = try await stage.start("cutoverctl", words, ["CUTOVER_PLAN": late]).ended()
            try expect(ended.code == 3 && ended.err.contains("older"), "under an older plan `\(ended.words)` ended with \(ended.code): \(ended.said)")
        }
        try expect(try await stage.history(changing: ["CUTOVER_PLAN": mended]).map(\.hash) == before, "an older plan left an event")
        try expect(try serverPid(stage) == pid && running(stage) == newer, "an older plan touched the server")
        try await stage.ctl("revert", "acme", "--to", "start", "--reason", "the customer asked for it", "--confirm", "acme", code: 0, changing: ["CUTOVER_PLAN": mended])
        try await stage.referee("v1", "acme")
    }

    /// The older plan under a number that no tenant has seen: what keeps it off is its revision alone.
    private static func withoutTheGuard(_ stage: Stage, _ older: String) async throws {
        try await roll(stage, try plan(stage, 3, release: "STRICT_SERVER_COMMAND"))
        try mustRun(older, "nothing kept the older plan off", stage)
    }

    /// A deployment job: it takes the tenant to the release of its plan.
    private static func roll(_ stage: Stage, _ plan: String) async throws {
        let mine: [String: String?] = ["CUTOVER_PLAN": plan]
        try await stage.ctl("adopt", "acme", code: 0, changing: mine)
        try await stage.ctl("advance", "acme", "--to", "A3/fallback.remove", code: 0, changing: mine)
        try await stage.ctl("check", "acme", "--reopen", "--reason", "another release is to run", code: 2, changing: mine)
        try await stage.forward("advance", "acme", "--to", "A3/fallback.remove", changing: mine)
    }

    /// The same program under another name, so that it can be told which of them runs.
    private static func newRelease(_ stage: Stage, of command: String) throws -> String {
        var words = command.split(separator: " ").map(String.init)
        let path = "\(stage.folder)/newer-server"
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: words[0])
        words[0] = path
        let newer = words.joined(separator: " ")
        try EnvText(stage.env("acme")).set("NEWER_SERVER_COMMAND", to: newer)
        return newer
    }

    private static func plan(_ stage: Stage, _ revision: Int, release: String) throws -> String {
        let text = try String(contentsOfFile: stage.places.plan, encoding: .utf8)
        return try stage.file(
            "revision-\(revision).yaml",
            text.replacing("revision: 1\n", with: "revision: \(revision)\n").replacing("env:STRICT_SERVER_COMMAND", with: "env:\(release)"))
    }

    private static func serverPid(_ stage: Stage) throws -> Int {
        let file = try EnvText(stage.env("acme")).require("WORKSPACE_SERVER_PIDFILE")
        return Int(try String(contentsOfFile: file, encoding: .utf8).prefix { $0.isNumber }) ?? 0
    }

    private static func mustRun(_ release: String, _ moment: String, _ stage: Stage) throws {
        let found = try running(stage)
        try expect(found == release, "\(moment), and \(found) runs")
    }

    /// The command line of the server that runs.
    private static func running(_ stage: Stage) throws -> String {
        let bytes = FileManager.default.contents(atPath: "/proc/\(try serverPid(stage))/cmdline") ?? Data()
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    }
}
