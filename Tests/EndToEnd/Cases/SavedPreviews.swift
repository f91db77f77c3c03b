import Foundation

/// A saved preview: carried out as it was shown, once, by whoever comes first, and named tenant by tenant where anything has changed.
enum SavedPreviews {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(tenants: 2, rows: 20, agents: false)
        let names = try await tenants(stage)
        try await carriedOutOnce(stage, names)
        try await changedIsNamed(stage, names)
        try await twoAtOnce(stage, names)
        try await otherPlan(stage, names)
        try await stage.ctl("journal", "verify", code: 0)
    }

    private static func tenants(_ stage: Stage) async throws -> [String] {
        let status: StatusAnswer = try await stage.ctl("status", "--json", code: 0).answer()
        return status.tenants.map(\.tenant)
    }

    private static func save(_ stage: Stage, _ name: String, _ words: [String], to step: String = "A0/host.prepare") async throws -> String {
        let path = "\(stage.folder)/\(name)"
        let ended = try await stage.start("cutoverctl", ["preview"] + words + ["--to", step, "-o", path]).ended()
        try expect(ended.code == 0, "`\(ended.words)` ended with \(ended.code): \(ended.said)")
        return path
    }

    /// Saved before there is a journal; cut off and edited copies of it are no previews.
    private static func carriedOutOnce(_ stage: Stage, _ names: [String]) async throws {
        let path = try await save(stage, "first.json", [names[0]])
        let text = try String(contentsOfFile: path, encoding: .utf8)
        for (name, copy) in [
            ("cut.json", String(text.prefix(text.count / 2))), ("edited.json", text.replacingOccurrences(of: #""answer" : "open""#, with: #""answer" : "shut""#)),
            ("moved.json", text.replacingOccurrences(of: "\"\(names[0])\"", with: "\"\(names[1])\"")),
        ] {
            let ended = try await stage.ctl("apply", try stage.file(name, copy), code: 1)
            for part in ["cutoverctl: ", "why: ", "next: "] { try expect(ended.err.contains(part), "`\(ended.words)` does not say \(part): \(ended.said)") }
        }
        try expect(!FileManager.default.fileExists(atPath: stage.journal), "what is no preview has begun a journal")
        try await stage.ctl("apply", path, code: 0)
        try expect(try await stage.status(of: names[0]).step == "sidecar.start", "the preview went as far as A0/host.prepare, and the tenant did not")
        try expect(try await stage.history(names[0]).first?.kind == "previewUsed", "the history does not begin with the preview")
        let before = try await stage.history(names[0]).map(\.hash)
        let again = try await stage.ctl("apply", path, "--valid-only", code: 3)
        try expect(again.err.contains("this preview was used") && again.err.contains("release-manager"), "it was used, and that is not said: \(again.said)")
        try expect(try await stage.history(names[0]).map(\.hash) == before, "a used preview has written events")
    }

    private static func changedIsNamed(_ stage: Stage, _ names: [String]) async throws {
        let path = try await save(stage, "both.json", names, to: "A0/sidecar.start")
        try await stage.ctl("hold", names[0], "--reason", "a customer called", code: 0)
        let before = try await stage.history(names[1]).map(\.hash)
        let refused = try await stage.ctl("apply", path, code: 3)
        try expect(refused.out.contains("\(names[0]): changed") && refused.out.contains("held by release-manager"), "what changed is not named: \(refused.said)")
        try expect(!refused.out.contains("\(names[1]): changed") && refused.err.contains("--valid-only"), "what did not change is: \(refused.said)")
        try expect(try await stage.history(names[1]).map(\.hash) == before, "it was begun in spite of the change")
        try await stage.ctl("apply", path, "--valid-only", code: 4)
        try expect(try await stage.status(of: names[1]).place == "A1/mirror.install", "the tenant that had not changed did not go on")
        try expect(try await stage.status(of: names[0]).state == "held", "the held tenant was touched")
        try await stage.ctl("release", names[0], "--reason", "about something else", code: 0)
    }

    private static func twoAtOnce(_ stage: Stage, _ names: [String]) async throws {
        let path = try await save(stage, "race.json", [names[0]], to: "A0/sidecar.start")
        let first = try await stage.start("cutoverctl", ["apply", path], ["CUTOVER_OPERATOR": "first"])
        let second = try await stage.start("cutoverctl", ["apply", path], ["CUTOVER_OPERATOR": "second"])
        let codes = [try await first.ended(), try await second.ended()]
        try expect(codes.filter { $0.code == 0 }.count == 1, "of two who applied it at once, \(codes.map { "one ended with \($0.code): \($0.said)" }.joined(separator: "; "))")
        try expect(codes.contains { [3, 5].contains($0.code) }, "the second ended otherwise: \(codes.map(\.said))")
        let uses = try await stage.history(names[0]).filter { $0.kind == "previewUsed" }
        try expect(uses.count == 2, "the tenant's history has \(uses.count) previews, and two were used")
    }

    private static func otherPlan(_ stage: Stage, _ names: [String]) async throws {
        let path = try await save(stage, "old.json", [names[0]], to: "A1/mirror.install")
        let text = try String(contentsOfFile: stage.places.plan, encoding: .utf8)
        let newer = try stage.file("newer.yaml", text.replacingOccurrences(of: "revision: 1\n", with: "revision: 2\n"))
        let before = try await stage.history(names[0]).map(\.hash)
        let refused = try await stage.ctl("apply", path, code: 3, changing: ["CUTOVER_PLAN": newer])
        try expect(refused.err.contains("the preview is of another plan"), "a preview of another plan is refused otherwise: \(refused.said)")
        try expect(try await stage.history(names[0]).map(\.hash) == before, "a preview of another plan has written events")
    }
}
