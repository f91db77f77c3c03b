import Foundation

/// There, back, and there again, with agents at work throughout.
enum Undisturbed {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise()
        try await thereAndBack(stage)

        try await stage.forward("advance", "acme", "--to", "A1/env.wire", "--wait")
        let again = try await stage.verified()
        try expect(again == Array(Stage.steps.prefix(5)), "the redo verified \(again.joined(separator: ", "))")
        try await stage.referee("v2", "acme")
        try await stage.ctl("journal", "verify", code: 0)
    }

    /// Every operation over OpenSSH.
    @Sendable static func overSSH(_ stage: Stage) async throws {
        try await stage.raise(transport: "ssh")
        let fleet = try String(contentsOfFile: stage.fleet, encoding: .utf8)
        try expect(fleet.contains("transport: ssh") && !fleet.contains("transport: local"), "the lab's fleet is not reached by SSH: \(fleet)")
        // Without the keys nothing is sent, and it is said why.
        let stranger = try await stage.ctl("advance", "acme", "--to", "A0/host.prepare", changing: ["CUTOVER_SSH_CONFIG": "/dev/null"])
        try expect(stranger.code != 0 && stranger.said.contains("acme.lab"), "a host that cannot be reached is not told as such: \(stranger.code), \(stranger.said)")
        try await thereAndBack(stage)
    }

    /// Every operation by AWS Systems Manager.
    @Sendable static func overSSM(_ stage: Stage) async throws {
        try await stage.raise(transport: "ssm")
        let fleet = try String(contentsOfFile: stage.fleet, encoding: .utf8)
        try expect(fleet.contains("transport: ssm") && !fleet.contains("transport: local"), "the lab's fleet is not reached by SSM: \(fleet)")
        // Without the right keys nothing is sent, and it is said why.
        let stranger = try await stage.ctl("advance", "acme", "--to", "A0/host.prepare", changing: ["AWS_SECRET_ACCESS_KEY": "another"])
        try expect(stranger.code != 0 && stranger.said.contains("InvalidSignatureException"), "a host that cannot be reached is not told as such: \(stranger.code), \(stranger.said)")
        try await stage.ssmFaults(misfortunes)
        try await thereAndBack(stage)
    }

    /// As far as the first step that changes the tenant's database, and back.
    @Sendable static func shortlyOverSSM(_ stage: Stage) async throws {
        try await stage.raise(rows: 50, agents: false, transport: "ssm")
        try await stage.ssmFaults(misfortunes)
        try await stage.forward("advance", "acme", "--to", "A1/mirror.install")
        let steps = try await stage.verified()
        try expect(steps == Array(Stage.steps.prefix(3)), "the steps were verified in this order: \(steps.joined(separator: ", "))")
        try await stage.backToTheStart()
        try await stage.ctl("journal", "verify", code: 0)
    }

    /// Every command is delivered twice, replies are lost, and more than a few calls at once are refused.
    private static let misfortunes = #"{"duplicates": 1000000, "loseReplies": {"SendCommand": 3, "ListCommandInvocations": 3}, "callsPerSecond": 10, "burst": 12}"#

    /// How far the host's clock is from ours stands beside what it counted: it is the same clock here. An export tells the same of both.
    private static func clocks(_ stage: Stage) async throws {
        let history = try await stage.ctl("history", "acme", "--json", code: 0)
        let export = "\(stage.folder)/clocks.jsonl"
        try await stage.ctl("journal", "export", export, code: 0)
        let exported = try await stage.ctl("history", "acme", "--from", export, "--json", code: 0, changing: ["CUTOVER_JOURNAL": "/nowhere/journal"])
        try expect(exported.out == history.out, "the export tells another history: \(exported.out) and not \(history.out)")
        try await stage.ctl("history", "nobody", "--from", export, code: 1)
        let clocks = try history.answer(HistoryAnswer.self).clocks
        try expect(clocks.map(\.step) == ["A1/shadow.watch", "A3/soak.wait"], "the history tells of these clocks: \(clocks)")
        for clock in clocks {
            guard let ahead = clock.hostAheadSeconds, let within = clock.hostAheadWithinSeconds else { throw Trouble("nobody measured how far the host's clock is from ours: \(clock)") }
            try expect(abs(ahead) <= within + 0.01, "the clock is the same one, and said to be \(ahead) s ahead, give or take \(within) s")
        }
    }

    private static func thereAndBack(_ stage: Stage) async throws {
        try await stage.forwardToTheDrop()
        let steps = try await stage.verified()
        try expect(steps == Stage.steps, "the steps were verified in this order: \(steps.joined(separator: ", "))")
        try await stage.ctl("journal", "verify", code: 0)
        try await stage.ctl("check", "acme", code: 0)
        try await stage.referee("v2", "acme")
        try await clocks(stage)

        try await stage.backToTheStart()
        let left = try await stage.verified()
        try expect(left.isEmpty, "after the way back these still stand verified: \(left.joined(separator: ", "))")
        let lab = try await stage.labStatus().tenants
        try expect(lab.allSatisfy { $0.server == "up" && $0.plugin == "down" && $0.v2 == nil }, "after the way back the plugin or its table is still there: \(lab)")
    }
}
