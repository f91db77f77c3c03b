import Foundation

/// What is missing, empty, malformed or of something else: the right exit code, what, why and what to type next, and nothing half done.
enum BadInput {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(agents: false)
        try await usage(stage)
        try await files(stage)
        try await journals(stage)
        try await names(stage)
        try await strangers(stage)
        try await databaseDown(stage)
    }

    /// Runs it and insists on the code and on the three parts of an error.
    private static func refuse(_ stage: Stage, _ code: Int, _ words: [String], saying text: String = "", _ changes: [String: String?] = [:]) async throws {
        let ended = try await stage.start("cutoverctl", words, changes).ended(within: 60)
        let told = changes.map { "\($0.key)=\($0.value.map { ($0 as NSString).lastPathComponent } ?? "unset")" }.joined(separator: " ")
        try expect(ended.code == code, "`\(told) \(ended.words)` ended with \(ended.code), not \(code): \(ended.said)")
        if code == 64, ended.err.contains("Usage:") { return }
        for part in ["cutoverctl: ", "why: ", "next: "] { try expect(ended.err.contains(part), "`\(told) \(ended.words)` does not say \(part): \(ended.said)") }
        try expect(text.isEmpty || ended.err.contains(text), "`\(told) \(ended.words)` does not say '\(text)': \(ended.said)")
        try expect(ended.out.isEmpty, "`\(told) \(ended.words)` shows data beside its error: \(ended.out.prefix(200))")
    }

    private static func usage(_ stage: Stage) async throws {
        for words in [
            ["advance", "--nonsense"], ["nonsense"], ["revert", "acme"], ["revert", "--to", "start"], ["hold", "acme"],
            ["advance", "acme", "--one-step", "--to", "A1"], ["run", "--patience", "soon"], ["history"],
            ["status", "--at", "yesterday"], ["status", "--at", "2999-01-01"], ["history", "acme", "--since", "soon"], ["history", "acme", "--kind", "happened"], ["history", "acme", "-o", "xml"],
        ] { try await refuse(stage, 64, words) }
        try await refuse(stage, 64, ["lint"], ["CUTOVER_PLAN": nil])
        try expect(!FileManager.default.fileExists(atPath: stage.journal), "wrong usage has begun a journal")
    }

    private static func files(_ stage: Stage) async throws {
        let text = try String(contentsOfFile: stage.places.plan, encoding: .utf8)
        let plans = [
            (stage.folder + "/nowhere.yaml", "nowhere.yaml"), (try stage.file("empty.yaml", ""), ""), (try stage.file("blank.yaml", "\n\n# nothing\n"), ""),
            (try stage.file("broken.yaml", "cutover: 1\nphases: [ {\n"), "broken.yaml"), (try stage.file("list.yaml", "- 1\n- 2\n"), ""),
            (try stage.file("word.yaml", text.replacingOccurrences(of: "uses: backfill.copy", with: "uses: backfil.copy")), "backfill.copy"),
            (stage.folder, ""), (try stage.file("binary.yaml", "\u{0}\u{1}\u{2}"), ""),
        ]
        for (plan, saying) in plans {
            try await refuse(stage, 1, ["advance", "acme"], saying: saying, ["CUTOVER_PLAN": plan])
            try await refuse(stage, 1, ["status"], saying: saying, ["CUTOVER_PLAN": plan])
        }
        try await refuse(stage, 1, ["status"], saying: "no plan is named", ["CUTOVER_PLAN": nil])
        let fleets = [
            stage.folder + "/nowhere.yaml", try stage.file("fleet-empty.yaml", ""), try stage.file("fleet-none.yaml", "tenants: []\n"),
            try stage.file("fleet-broken.yaml", "tenants:\n  - { id: acme, host\n"), try stage.file("fleet-twice.yaml", "tenants:\n" + String(repeating: "  - { id: acme, host: a, transport: local, env: /x, state: /y }\n", count: 2)),
        ]
        for fleet in fleets {
            for words in [["advance", "acme"], ["run"], ["status"]] { try await refuse(stage, 1, words, ["CUTOVER_FLEET": fleet]) }
        }
        try expect(!FileManager.default.fileExists(atPath: stage.journal), "a bad plan or fleet has begun a journal")
    }

    private static func journals(_ stage: Stage) async throws {
        let garbage = try stage.file("garbage.db", String(repeating: "this is no journal\n", count: 400))
        let empty = try stage.file("empty.db", "")
        for path in [garbage, empty, "\(stage.folder)/no-such-folder/cutover.db", "mysql://nowhere/x", stage.folder] {
            let before = FileManager.default.contents(atPath: path)
            for words in [["advance", "acme"], ["status"], ["history", "acme"], ["journal", "verify"]] { try await refuse(stage, 1, words, ["CUTOVER_JOURNAL": path]) }
            try expect(FileManager.default.contents(atPath: path) == before, "\(path) was written to")
        }
        for words in [["history", "acme"], ["journal", "verify"], ["release", "acme", "--reason", "x"], ["revert", "acme", "--to", "start"]] {
            try await refuse(stage, 1, words)
        }
        try expect(!FileManager.default.fileExists(atPath: stage.journal), "a question has begun a journal")
    }

    private static func names(_ stage: Stage) async throws {
        for words in [["advance", "acmee"], ["why", "acmee"], ["preview", "acmee"], ["check", "acmee"], ["hold", "acmee", "--reason", "x"], ["exceptions", "acmee"]] {
            try await refuse(stage, 1, words, saying: "did you mean acme?")
        }
        try await refuse(stage, 1, ["advance", "acme", "--to", "A1/backfil.copy"], saying: "did you mean")
        try await refuse(stage, 1, ["advance", "acme", "--to", "A9"])
        // Nothing selected is an error, whichever way nothing was selected.
        try await refuse(stage, 1, ["advance", "--wave", "rest"], saying: "no tenant is selected")
        try await refuse(stage, 1, ["advance", "--wave", "nobody"])
        let elsewhere = try stage.file(
            "elsewhere.yaml", try String(contentsOfFile: stage.fleet, encoding: .utf8).replacingOccurrences(of: "lab-canary", with: "another"))
        for words in [["run"], ["advance"], ["preview"], ["check"]] { try await refuse(stage, 1, words, saying: "no tenant is selected", ["CUTOVER_FLEET": elsewhere]) }
        // Those that begin a journal before they know the names may have begun one; nothing can have been written about anybody.
        if FileManager.default.fileExists(atPath: stage.journal) {
            try expect(try await stage.history().isEmpty, "a wrong name has written events")
        }
        try expect(!FileManager.default.fileExists(atPath: stage.host("acme") + "/bin"), "a wrong name has reached the host")
    }

    private static func strangers(_ stage: Stage) async throws {
        try await stage.ctl("advance", "acme", "--to", "A0/host.prepare", code: 0)
        let before = try await stage.history().map(\.hash)
        let plan = try String(contentsOfFile: stage.places.plan, encoding: .utf8)
        let other = try stage.file("other.yaml", plan.replacingOccurrences(of: "name: memory-ssot-lab", with: "name: another-plan"))
        for words in [["advance", "acme"], ["run"], ["status"], ["why", "acme"], ["revert", "acme", "--to", "start"]] {
            try await refuse(stage, 1, words, saying: "another plan", ["CUTOVER_PLAN": other])
        }
        let renamed = try stage.file(
            "renamed.yaml", try String(contentsOfFile: stage.fleet, encoding: .utf8).replacingOccurrences(of: "id: acme", with: "id: umbrella"))
        try await refuse(stage, 1, ["advance", "acme"], ["CUTOVER_FLEET": renamed])
        let told = try await stage.ctl("status", code: 0, changing: ["CUTOVER_FLEET": renamed])
        try expect(told.out.contains("not in the fleet file: acme"), "status hides a tenant that only the journal knows: \(told.said)")
        try expect(try await stage.history().map(\.hash) == before, "a foreign plan or fleet has written events")

        // A second journal for a host that belongs to the first.
        let second = try await stage.ctl("advance", "acme", "--to", "A0/sidecar.start", changing: ["CUTOVER_JOURNAL": "\(stage.folder)/second.db"])
        try expect(second.code == 3 && (second.out + second.err).contains("belongs to journal"), "with another journal `advance` ended with \(second.code): \(second.said)")
        try await stage.ctl("check", "acme", code: 0)
    }

    /// PostgreSQL is stopped under it and comes back.
    private static func databaseDown(_ stage: Stage) async throws {
        try await stage.ctl("advance", "acme", "--to", "A0/sidecar.start", code: 0)
        try await stage.stopPostgres(SIGINT)
        let ended = try await stage.ctl("advance", "acme", "--to", "A1/backfill.copy")
        try expect([1, 3, 6].contains(ended.code), "without a database `advance` ended with \(ended.code): \(ended.said)")
        try expect((ended.out + ended.err).lowercased().contains("connect"), "without a database it says: \(ended.said)")
        let why = try await stage.why()
        try expect(!why.answer.isEmpty && !why.next.isEmpty, "without a database why says nothing")
        let checked = try await stage.ctl("check", "acme")
        try expect([2, 6].contains(checked.code), "without a database `check` ended with \(checked.code): \(checked.said)")
        let secret = try EnvText(stage.env("acme")).require("DATABASE_URL").split(separator: ":")[2].split(separator: "@")[0]
        let everything = try await stage.history().map { "\($0.facts)" }.joined() + ended.out + ended.err + checked.out + checked.err + why.answer
        try expect(!everything.contains(secret), "the database's password was told")

        try await stage.lab("up", "--root", stage.root, "--no-agents")
        try await stage.ctl("advance", "acme", "--to", "A1/backfill.copy", code: 0)
        try await stage.ctl("journal", "verify", code: 0)
    }
}
