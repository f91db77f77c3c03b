import Foundation

/// Whatever is killed, and whenever: it ends as an undisturbed run does.
enum Killed {
    private static let times = 10

    @Sendable static func controller(_ stage: Stage) async throws { try await run(stage, controllerKills: times, watchKills: 0) }
    @Sendable static func watch(_ stage: Stage) async throws { try await run(stage, controllerKills: 0, watchKills: times) }
    /// Sampled: both in one run.
    @Sendable static func both(_ stage: Stage) async throws { try await run(stage, controllerKills: times, watchKills: times) }

    /// The processes that carry out operations on the host, and the watch: twenty of them, five in a sample.
    @Sendable static func host(_ stage: Stage) async throws {
        try await run(stage, controllerKills: 0, watchKills: 0, hostKills: stage.all ? 20 : 5)
    }

    private static func run(_ stage: Stage, controllerKills: Int, watchKills: Int, hostKills: Int = 0) async throws {
        try await stage.raise()
        try await disturbed(stage, watchKills, hostKills, within: 2500) { try await forward(stage, kills: controllerKills, hostDies: hostKills > 0) }
        let steps = try await stage.verified()
        try expect(steps == Stage.steps, "the steps were verified in this order: \(steps.joined(separator: ", "))")
        let found = try await stage.status(of: "acme")
        try expect(found.milestone == "drop table", "the run ended at the milestone '\(found.milestone)'")
        try await stage.referee("v2", "acme")
        try await stage.ctl("journal", "verify", code: 0)
        try await intentsCameFirst(stage)

        let onTheWayBack = stage.all ? times : 4
        // It is one command with few operations.
        try await disturbed(stage, watchKills > 0 ? onTheWayBack : 0, hostKills > 0 ? onTheWayBack : 0, within: 300) {
            try await back(stage, kills: controllerKills > 0 ? onTheWayBack : 0, hostDies: hostKills > 0)
        }
        let left = try await stage.verified()
        try expect(left.isEmpty, "after the way back these still stand verified: \(left.joined(separator: ", "))")
        try await stage.referee("v1", "acme")
        try await stage.ctl("journal", "verify", code: 0)
    }

    /// Runs, is killed, runs again; signs what is asked for.
    private static func forward(_ stage: Stage, kills: Int, hostDies: Bool) async throws {
        var left = kills
        var lives = 0
        while true {
            lives += 1
            try expect(lives < 80, "eighty runs were not enough")
            let ended = try await shortLived(stage, ["run"], &left)
            if ended.wasKilled { continue }
            // An outcome that a killed one left unknown may take another look.
            if ended.code == 6, left < kills || hostDies { continue }
            // A host's answer that never came is a failure where nothing was begun.
            if ended.code == 1, hostDies {
                // A step that failed waits for a person to say: again.
                _ = try await stage.ctl("advance", "acme")
                continue
            }
            try expect(ended.code == 0 || ended.code == 3, "`run` ended with \(ended.code) after \(kills - left) kills: \(ended.said)")
            if ended.code == 0 { return }
            if try await stage.sign() == .onlyWithheld { return }
        }
    }

    private static func back(_ stage: Stage, kills: Int, hostDies: Bool) async throws {
        var left = kills
        for _ in 0..<40 {
            let words = ["revert", "acme", "--to", "start", "--reason", "the customer asked for it", "--confirm", "acme"]
            let ended = try await shortLived(stage, words, &left)
            let state = try await stage.status(of: "acme").state
            if state == "reverted" { return }
            if ended.wasKilled || ended.code == 6 && left < kills || hostDies { continue }
            throw Trouble("`revert` ended with \(ended.code) after \(kills - left) kills, and the tenant is \(state): \(ended.said)")
        }
        throw Trouble("forty tries to go back were not enough")
    }

    /// Starts `cutoverctl`; while kills are left, kills it at a random moment.
    private static func shortLived(_ stage: Stage, _ words: [String], _ kills: inout Int) async throws -> RunningProgram.Ended {
        let program = try await stage.start("cutoverctl", words)
        guard kills > 0 else { return try await program.ended() }
        let milliseconds = stage.chance.number(in: 30...2500)
        let killer = Task {
            try await Task.sleep(for: .milliseconds(milliseconds))
            program.kill()
        }
        let ended = try await program.ended()
        killer.cancel()
        if ended.wasKilled { kills -= 1 }
        return ended
    }

    /// Does `work` while the watch is killed `times` times, at random moments, and `hostTimes` times whatever carries out an operation.
    private static func disturbed(_ stage: Stage, _ times: Int, _ hostTimes: Int, within milliseconds: Int, _ work: () async throws -> Void) async throws {
        let hits = Counter()
        let hostKiller = Task {
            for _ in 0..<hostTimes {
                try await killAnOperation(stage, within: milliseconds)
                _ = hits.next()
            }
        }
        defer { hostKiller.cancel() }
        let killer = Task {
            var done = 0
            while done < times, !Task.isCancelled {
                try await Task.sleep(for: .milliseconds(stage.chance.number(in: 100...3000)))
                if killWatch(stage) { done += 1 }
            }
        }
        defer { killer.cancel() }
        try await work()
        let hit = hits.next() - 1
        try expect(hit > 0 || hostTimes == 0, "of \(hostTimes) kills on the host only \(hit) met anything")
    }

    /// At a random moment whatever acts on the host, now and then the watch beside it.
    private static func killAnOperation(_ stage: Stage, within milliseconds: Int) async throws {
        let watchInstead = stage.chance.number(in: 0...3) == 0
        let delay = stage.chance.number(in: 0...60)
        try await Task.sleep(for: .milliseconds(stage.chance.number(in: 0...milliseconds)))
        while true {
            if watchInstead, killWatch(stage) { return }
            if !watchInstead, holder(ofLock: "\(stage.host("acme"))/lock") != nil {
                try await Task.sleep(for: .milliseconds(delay))
                if let pid = holder(ofLock: "\(stage.host("acme"))/lock"), kill(pid, SIGKILL) == 0 { return }
            }
            try await Task.sleep(for: .milliseconds(3))
        }
    }

    /// Who carries out an operation has the host's lock; looking through all processes would take longer than most operations.
    private static func holder(ofLock path: String) -> Int32? {
        var file = stat()
        guard stat(path, &file) == 0, let locks = FileManager.default.contents(atPath: "/proc/locks") else { return nil }
        for line in String(decoding: locks, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count > 5, words[1] == "FLOCK", words[5].hasSuffix(":\(file.st_ino)"), let pid = Int32(words[4]), pid > 1 { return pid }
        }
        return nil
    }

    private static func killWatch(_ stage: Stage) -> Bool {
        guard let text = FileManager.default.contents(atPath: "\(stage.host("acme"))/watch.pid").map({ String(decoding: $0, as: UTF8.self) }),
            let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)), Leftovers.read(pid, "cmdline").contains("\(stage.host("acme"))/")
        else { return false }
        return kill(pid, SIGKILL) == 0
    }

    /// Nothing was carried out that had not been written down as begun.
    private static func intentsCameFirst(_ stage: Stage) async throws {
        var begun: Set<String> = []
        for event in try await stage.history() {
            if ["started", "waitBegan", "revertStarted"].contains(event.kind) { begun.insert(event.place) }
            if ["performed", "setAside", "verified", "reverted"].contains(event.kind) {
                try expect(begun.contains(event.place), "\(event.place) was \(event.kind) at revision \(event.revision), and never begun")
            }
        }
    }
}
