import Foundation

/// A selector that matches nothing is an error wherever tenants are chosen, and nothing is done: a job that moved nobody must not be green.
enum EmptyFleet {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(agents: false)
        try await byHand(stage)
        try await labelsThatNobodyHas(stage)
        try await waveThatNobodyIsIn(stage)
        try await fleetOfNobody(stage)
        let history = try await stage.ctl("history", "acme", "--json", code: 0)
        try expect(!history.out.contains("\"revision\""), "whoever selects nothing has an event recorded: \(history.out)")
        let host = try FileManager.default.contentsOfDirectory(atPath: stage.host("acme"))
        try expect(host.isEmpty, "whoever selects nothing has touched a host: \(host)")

        // The same words with somebody to move.
        try await stage.ctl("advance", "--wave", "canary", "--to", "A0/host.prepare", code: 0)
        try expect(try await stage.verified() == ["A0/host.prepare"], "with a tenant selected nothing moves either")
    }

    /// A job over whatever a selector matches: it matches nothing, moves nobody, and is green.
    private static func byHand(_ stage: Stage) async throws {
        let job = "grep 'env: staging' '\(stage.fleet)' | while read -r tenant; do echo \"$tenant\"; exit 1; done"
        let ended = try await RunningProgram.start("/bin/sh", ["-c", job], environment: [:], folder: stage.folder, log: "\(stage.logs)/job").ended()
        try expect(ended.code == 0 && ended.out.isEmpty, "a job over nobody ended with \(ended.code): \(ended.said)")
    }

    /// Labels were renamed in the fleet and not in the plan.
    private static func labelsThatNobodyHas(_ stage: Stage) async throws {
        let text = try String(contentsOfFile: stage.places.plan, encoding: .utf8)
        let renamed = text.replacing("env: lab-canary", with: "env: staging").replacing("env: lab }", with: "env: trial }")
        try expect(renamed != text, "the lab's plan selects by other labels")
        var renaming = stage
        renaming.plan = try stage.file("renamed.yaml", renamed)
        for words in [["run"], ["advance"], ["advance", "--to", "A0"], ["preview"], ["preview", "--detailed-exitcode"], ["check"]] {
            try await refuse(renaming, words)
        }
    }

    private static func waveThatNobodyIsIn(_ stage: Stage) async throws {
        for words in [["advance"], ["preview"], ["check"], ["hold", "--reason", "none"], ["revert", "--to", "start", "--reason", "none"]] {
            try await refuse(stage, words + ["--wave", "rest"])
        }
    }

    private static func fleetOfNobody(_ stage: Stage) async throws {
        for text in ["tenants: []\n", "tenants:\n"] {
            let fleet = try stage.file("nobody.yaml", text)
            for words in [["run"], ["advance"], ["preview"], ["check"], ["status"]] {
                let ended = try await stage.start("cutoverctl", words, ["CUTOVER_FLEET": fleet]).ended()
                try expect(ended.code == 1 && ended.out.isEmpty, "with no tenant in the fleet `\(ended.words)` ended with \(ended.code): \(ended.said)")
            }
        }
    }

    private static func refuse(_ stage: Stage, _ words: [String]) async throws {
        let ended = try await stage.start("cutoverctl", words).ended()
        try expect(ended.code == 1, "`\(ended.words)` selects nothing and ended with \(ended.code): \(ended.said)")
        try expect(ended.err.contains("no tenant is selected") && ended.err.contains("next: "), "`\(ended.words)` does not say that it selects nothing: \(ended.said)")
        try expect(ended.out.isEmpty, "`\(ended.words)` selects nothing and shows data: \(ended.out)")
    }
}
