import Foundation

/// A newer build of the program takes a tenant on: it is put on the host, the watch goes over to it, and the older one does not come back.
enum NewerBuild {
    @Sendable static func run(_ stage: Stage) async throws {
        let far = stage.all ? "A1/shadow.watch" : "A1/backfill.copy"
        try await stage.raise(rows: stage.all ? 200 : 60, agents: stage.all)
        try await stage.forward("advance", "acme", "--to", far)
        let (first, watch) = try (program(stage), watch(stage))

        let (newer, newest) = ("\(stage.folder)/newer/cutoverctl", "\(stage.folder)/newest/cutoverctl")
        // The same program, and other bytes.
        try await copy(stage.places.program("cutoverctl"), to: newer, stage)
        try await copy(newer, to: newest, stage)
        func ctl(_ words: String..., by program: String? = nil) async throws -> RunningProgram.Ended {
            try await RunningProgram.start(program ?? newer, words, environment: stage.variables, folder: stage.folder, log: "\(stage.logs)/newer-\(UUID().uuidString.prefix(6))").ended()
        }

        let checked = try await ctl("check", "acme")
        try expect(checked.code == 2 && checked.out.contains("another build"), "another build is not told as such: \(checked.code), \(checked.said)")
        // A tenant that is held stays as it is.
        try await stage.ctl("hold", "acme", "--reason", "a customer called", code: 0)
        _ = try await ctl("advance", "acme", "--to", "A0/host.prepare")
        try expect(try program(stage) == first, "a tenant that is held has another program")
        try await stage.ctl("release", "acme", "--reason", "it was about something else", code: 0)

        // Shown first by the one that would be put there, and by no other.
        let saved = "\(stage.folder)/newer.json"
        let shown = try await ctl("preview", "acme", "--to", "A0/host.prepare", "-o", saved)
        try expect(shown.code == 0 && shown.out.contains("  A0/host.prepare") && shown.out.contains("another build of the program stands there"), "the newer build does not show that it would be put there: \(shown.said)")
        let own = try await stage.ctl("preview", "acme", code: 0)
        try expect(!own.out.contains("A0/host.prepare"), "the build that stands there shows that it would be put there: \(own.said)")
        try expect(try program(stage) == first, "a preview has put a program on the host")

        // What was shown is done.
        let taken = try await ctl("apply", saved)
        try expect(taken.code == 0, "the newer build does not take the tenant on: \(taken.code), \(taken.said)")
        let (second, successor) = try (program(stage), self.watch(stage))
        try expect(second != first && successor.pid != watch.pid, "the host has \(second) and the watch \(successor.pid), as before")
        try expect(watch.program == first && successor.program == second, "the watch ran by \(watch.program), and runs by \(successor.program)")
        try expect(!Leftovers.isAlive(watch.pid), "the watch before runs on")
        let again = try await ctl("check", "acme")
        try expect(again.code == 0, "after the newer build came, check finds \(again.said)")

        let advanced = try await ctl("advance", "acme", "--to", "A0/host.prepare", by: newest)
        let (last, remaining) = try (program(stage), self.watch(stage))
        try expect(advanced.code == 0 && last != second && remaining.program == last, "the newest build does not take the tenant on: \(advanced.code), \(advanced.said)")

        // The older one finds its own traces, and leaves things be.
        let older = try await stage.ctl("advance", "acme", "--to", "A0/host.prepare", code: 0)
        try expect(older.said.contains("stood there before"), "the older build does not tell that it is one: \(older.said)")
        let (third, same) = try (program(stage), self.watch(stage))
        try expect(third == last && same.pid == remaining.pid, "the older build came back")

        // Nothing was lost meanwhile, and a wait under way goes on with its samples.
        let on = try await stage.forward("advance", "acme", "--to", far, "--wait")
        try expect(on.code == 0, "the tenant does not go on: \(on.said)")
        try await stage.backToTheStart()
        try await stage.ctl("journal", "verify", code: 0)
    }

    private static func copy(_ program: String, to path: String, _ stage: Stage) async throws {
        try FileManager.default.createDirectory(atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        let copied = try await RunningProgram.start(
            "/bin/sh", ["-ec", "cp \"$1\" \"$2\"; echo newer >>\"$2\"", "sh", program, path], environment: ["PATH": "/usr/bin:/bin"], folder: stage.folder, log: "\(stage.logs)/copy"
        ).ended()
        try expect(copied.code == 0, "no newer build: \(copied.said)")
    }

    private static func program(_ stage: Stage) throws -> String { try FileManager.default.destinationOfSymbolicLink(atPath: "\(stage.host("acme"))/bin/cutoverctl") }

    private static func watch(_ stage: Stage) throws -> (pid: Int32, program: String) {
        let text = try String(contentsOfFile: "\(stage.host("acme"))/watch.pid", encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        let pid = try Int32(text) ?? { throw Trouble("the watch has no pid: \(text)") }()
        return (pid, (try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe") as NSString).lastPathComponent)
    }
}
