import Foundation

/// A tenant's host in a network of its own, reached by SSH over a cable that is pulled before an operation, and in the middle of one, and that
/// loses packets: what was sent and what was not is told as it was, and everything is done once.
enum CutLink {
    @Sendable static func run(_ stage: Stage) async throws {
        let far = try await FarNetwork.make(stage)
        var trouble: (any Error)?
        do {
            try await raise(stage, far)
            try await pulledBefore(stage, far)
            try await pulledAmid(stage, far)
            try await lossy(stage, far)
        } catch { trouble = error }
        // Connections end with the hosts they lead to; without a cable they would not hear of it.
        try? await far.plug()
        _ = try? await stage.lab("down", "--root", stage.root)
        await far.end()
        if let trouble { throw trouble }
    }

    /// The lab with everything in it is there, and nothing of it can be reached from here but its SSH server.
    private static func raise(_ stage: Stage, _ far: FarNetwork) async throws {
        try await far.run("cutover-lab", "up", "--root", stage.root, "--tenants", "1", "--rows", "60", "--no-agents", "--transport", "ssh", code: 0)
        func change(_ name: String, _ body: (String) -> String) throws {
            let path = "\(stage.root)/ssh/\(name)"
            try body(String(contentsOfFile: path, encoding: .utf8)).write(toFile: path, atomically: true, encoding: .utf8)
        }
        try change("server") { $0 + "ListenAddress \(far.address)\n" }
        for name in ["config", "known_hosts"] { try change(name) { $0.replacing("127.0.0.1", with: far.address) } }
        let pid = try String(contentsOfFile: "\(stage.root)/ssh/sshd.pid", encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        kill(try Int32(pid) ?? { throw Trouble("sshd has no pid") }(), SIGHUP)
        _ = try await eventually("the host is prepared over the cable", within: 60) {
            try await stage.ctl("advance", "acme", "--to", "A0/host.prepare").code == 0 ? true : nil
        }
    }

    private static func pulledBefore(_ stage: Stage, _ far: FarNetwork) async throws {
        let before = try operations(stage)
        try await far.pull()
        let ended = try await stage.ctl("advance", "acme", "--to", "A0/sidecar.start")
        try expect(ended.code == 3, "without a cable to the host it ends with \(ended.code): \(ended.said)")
        let after = try operations(stage)
        try expect(after == before, "something reached a host that can't be reached: \(after)")
        let begun = try await stage.history().filter { $0.kind == "started" && $0.place == "A0/sidecar.start" }
        try expect(begun.isEmpty, "a step was begun on a host that can't be reached")
        try await far.plug()
    }

    private static func pulledAmid(_ stage: Stage, _ far: FarNetwork) async throws {
        let starts = "\(stage.folder)/starts"
        try PluginWrapper.put(#"echo started >>'\#(starts)'; sleep 4; "$PLUGIN" "$@" & child=$!; wait $child"#, on: "acme", stage)
        let before = Set(try operations(stage))
        let caller = try await stage.start("cutoverctl", ["advance", "acme", "--to", "A0/sidecar.start"])
        _ = try await eventually("the plugin is being started", within: 60, pause: 10) { FileManager.default.fileExists(atPath: starts) ? true : nil }
        try await far.pull()
        let ended = try await caller.ended(within: 180)
        try expect(ended.code == 6, "with its answer lost on the way it ends with \(ended.code): \(ended.said)")
        guard let id = try Set(operations(stage)).subtracting(before).first(where: { $0.hasSuffix(".started") })?.dropLast(".started".count) else {
            throw Trouble("no operation was begun there")
        }
        _ = try await eventually("the host ends it by itself", within: 60) { try operations(stage).contains("\(id).done") ? true : nil }
        let told = try await stage.status(of: "acme").state
        try expect(told == "inDoubt", "what nobody knows is told as \(told)")

        try await far.plug()
        try await deliveredAgain(String(id), stage)
        try await stage.ctl("advance", "acme", "--to", "A0/sidecar.start", code: 0)
        let lines = try String(contentsOfFile: starts, encoding: .utf8)
        try expect(lines == "started\n", "the plugin was started more than once: \(lines)")
    }

    /// The very same operation, over the cable that is back: it is answered from the record of it.
    private static func deliveredAgain(_ id: String, _ stage: Stage) async throws {
        let host = stage.host("acme")
        func text(_ name: String) throws -> String { try String(contentsOfFile: "\(host)/\(name)", encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines) }
        let kind = try text("ops/\(id).started").split(separator: " ")[0]
        let request = """
            {"envPath":"\(stage.env("acme"))","fence":\(try text("fence").split(separator: " ")[0]),"formatVersion":1,"id":"\(id)","journal":"\(try text("journal"))","kind":"\(kind)","once":"convergent",\
            "operationClass":"writing","payload":"{}","statePath":"\(host)","step":"A0/sidecar.start","tenant":"acme"}
            """
        let file = try stage.file("request.json", request)
        let ended = try await RunningProgram.start(
            "/bin/sh", ["-c", "exec ssh -F '\(stage.root)/ssh/config' -o BatchMode=yes acme.lab '\(host)/bin/cutoverctl host writing' <'\(file)'"], environment: [:], folder: stage.folder, log: "\(stage.logs)/again"
        ).ended(within: 60)
        try expect(ended.code == 0 && ended.out.trimmingCharacters(in: .whitespacesAndNewlines) == (try text("ops/\(id).done")), "delivered again under its id it answers \(ended.code): \(ended.said)")
    }

    private static func lossy(_ stage: Stage, _ far: FarNetwork) async throws {
        try await far.lose(10)
        try await stage.ctl("advance", "acme", "--to", "A1/mirror.install", code: 0)
        let there = try await stage.verified()
        try expect(there == Array(Stage.steps.prefix(3)), "over a lossy cable these stand verified: \(there.joined(separator: ", "))")
        try await stage.ctl("revert", "acme", "--to", "start", "--reason", "the customer asked for it", "--confirm", "acme", code: 0)
        let lost = try await far.loseNothing()
        try expect(lost > 8, "hardly a packet was lost: \(lost)")
        try await far.run("cutover-lab", "referee", "--root", stage.root, "--store", "v1", "acme", code: 0)
        try await stage.ctl("journal", "verify", code: 0)
    }

    private static func operations(_ stage: Stage) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: "\(stage.host("acme"))/ops").sorted() }
}
