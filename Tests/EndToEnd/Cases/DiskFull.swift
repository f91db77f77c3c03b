import Foundation

/// A disk is full, again and again, in the middle of whatever is under way: told in so many words, and with room it goes on to the same end.
enum DiskFull {
    private static let place = "A1/env.wire"

    /// The controller's: the journal has no room.
    @Sendable static func controller(_ stage: Stage) async throws {
        let disk = try await SmallDisk.mount("\(stage.folder)/journal", megabytes: 4)
        try await disk.mounted {
            try await stage.raise()
            let there: [String: String?] = ["CUTOVER_JOURNAL": "\(disk.folder)/cutover.db"]
            var refused = 0
            for round in 0..<40 where refused < (stage.all ? 12 : 4) {
                try expect(round < 39, "forty rounds met a full disk only \(refused) times")
                let program = try await stage.start("cutoverctl", ["advance", "acme", "--to", place, "--wait"], there)
                try await Task.sleep(for: .milliseconds(stage.chance.number(in: 100...1200)))
                try disk.fill(leaving: stage.chance.number(in: 0...5) * 4096)
                let ended = try await program.ended()
                if ended.code == 1 {
                    refused += 1
                    for part in ["is full", "why: ", "next: "] { try expect((ended.out + ended.err).contains(part), "on a full disk `\(ended.words)` does not say '\(part)': \(ended.said)") }
                } else {
                    try expect([0, 3].contains(ended.code), "on a full disk `\(ended.words)` ended with \(ended.code): \(ended.said)")
                }
                // A question is answered, or it is said why not.
                let asked = try await stage.ctl("status", changing: there)
                try expect(asked.code == 0 || asked.code == 1 && (round == 0 || asked.err.contains("is full")), "on a full disk `status` ended with \(asked.code): \(asked.said)")
                try disk.makeRoom()
                if ended.code == 3 { try await stage.sign(changing: there) }
                if ended.code == 0 { try await stage.ctl("revert", "acme", "--to", "A1/mirror.install", "--confirm", "acme", code: 0, changing: there) }
            }
            try await stage.forward("advance", "acme", "--to", place, "--wait", changing: there)
            let verified = try await stage.verified(changing: there)
            try expect(verified == Array(Stage.steps.prefix(5)), "these are verified: \(verified.joined(separator: ", "))")
            try await stage.ctl("journal", "verify", code: 0, changing: there)
        }
    }

    /// The host's: its state folder has no room, or PostgreSQL.
    @Sendable static func host(_ stage: Stage) async throws {
        let state = try await SmallDisk.mount(stage.host("acme"), megabytes: 256)
        try await state.mounted {
            let cluster = try await SmallDisk.mount("\(stage.root)/postgres", megabytes: 320)
            try await cluster.mounted {
                // PostgreSQL holds its disk.
                do { try await thereAndBack(stage, state, cluster) } catch {
                    _ = try? await stage.lab("down", "--root", stage.root)
                    throw error
                }
                try await stage.lab("down", "--root", stage.root)
            }
        }
    }

    private static func thereAndBack(_ stage: Stage, _ state: SmallDisk, _ cluster: SmallDisk) async throws {
        try await stage.raise()
        for round in 0..<(stage.all ? 12 : 4) { try await hostRound(stage, round.isMultiple(of: 2) ? state : cluster) }
        try await stage.forward("advance", "acme", "--to", place, "--wait")
        let verified = try await stage.verified()
        try expect(verified == Array(Stage.steps.prefix(5)), "these are verified: \(verified.joined(separator: ", "))")
        try await stage.referee("v2", "acme")
        try await stage.backToTheStart()
        try await stage.ctl("journal", "verify", code: 0)
    }

    private static func hostRound(_ stage: Stage, _ disk: SmallDisk) async throws {
        let program = try await stage.start("cutoverctl", ["advance", "acme", "--to", place])
        try await Task.sleep(for: .milliseconds(stage.chance.number(in: 200...2500)))
        try disk.fill()
        try await Task.sleep(for: .milliseconds(stage.chance.number(in: 300...2000)))
        let ended = try await program.ended()
        try expect([0, 1, 3, 6].contains(ended.code), "on a full disk `\(ended.words)` ended with \(ended.code): \(ended.said)")
        if ended.code == 1 || ended.code == 6 {
            let why = try await stage.why()
            try expect(!why.answer.isEmpty && why.next.contains("cutoverctl "), "on a full disk why says: \(why.answer), next \(why.next)")
        }
        try disk.makeRoom()
        // A PostgreSQL that could write nothing at all has ended.
        try await stage.lab("up", "--root", stage.root, "--no-agents")
        if ended.code == 3 { try await stage.sign() }
        if ended.code == 0 { try await stage.ctl("revert", "acme", "--to", "A1/mirror.install", "--confirm", "acme") }
    }
}
