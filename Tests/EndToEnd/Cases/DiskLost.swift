import Foundation

/// In the middle of the soak the controller's disk is gone, journal and all: a new one is rebuilt from the host, the soak goes on where it was, and the tenant comes to its drop.
enum DiskLost {
    @Sendable static func run(_ first: Stage) async throws {
        var stage = first
        let text = try String(contentsOfFile: stage.places.plan, encoding: .utf8)
        stage.plan = try stage.file("longer-soak.yaml", text.replacingOccurrences(of: "window: 8s", with: "window: 40s"))
        try await stage.raise()
        try await stage.forward("advance", "acme", "--to", "A3/legacy.archive", "--wait")
        try await stage.ctl("advance", "acme", "--to", "A3/soak.wait", code: 3)
        let covered = try await soaked(stage, atLeast: 4)
        let (stood, before, seen) = (try await stage.verified(), try marker(stage), try fence(stage))
        let old = try await lose(stage)

        try await stage.ctl("journal", "verify", code: 1)
        let told = try await stage.ctl("journal", "rebuild", "--from-hosts", "--reason", "the controller's disk was lost", code: 0)
        try expect(told.out.contains("A3/soak.wait: goes on since") && told.err.contains("approvals"), "what was found and what was lost is not told: \(told.said)")
        let stands = try await stage.verified()
        try expect(stands == stood, "rebuilt, these stand: \(stands.joined(separator: ", "))")
        let now = try fence(stage)
        try expect(now > seen, "rebuilt, the host's fence is \(now), and was \(seen)")
        let again = try await soaked(stage, atLeast: covered)
        try expect(try marker(stage) == before, "the soak began anew: \(again) s")
        try await stage.ctl("journal", "rebuild", "--from-hosts", "--reason", "once more", code: 3)

        // The disk is found again, and somebody goes on with what is on it.
        let stale = try await stage.ctl("advance", "acme", changing: ["CUTOVER_JOURNAL": old])
        try expect(stale.code == 3 && stale.said.contains("quarantined"), "with the old journal `advance` ended with \(stale.code): \(stale.said)")

        try await forwardToTheDrop(stage)
        try await stage.ctl("check", "acme", code: 0)
        try await stage.referee("v2", "acme")
        try await stage.ctl("journal", "verify", code: 0)
    }

    /// To the drop, with what had been signed for `backfill.verify` signed again, reason by reason: no host knows of it.
    private static func forwardToTheDrop(_ stage: Stage) async throws {
        for _ in 0..<40 {
            let ended = try await stage.ctl("run")
            try expect([0, 3].contains(ended.code), "`\(ended.words)` ended with \(ended.code): \(ended.said)")
            if let reason = try await stage.why().answer.firstMatch(of: #/excepted as ([a-z-]+), not signed/#)?.1 {
                try await stage.ctl("approve", "acme", "--exceptions", String(reason), "--reason", "looked through again", code: 0)
            } else if try await stage.sign() == .onlyWithheld {
                break
            }
        }
        let found = try await stage.status(of: "acme")
        try expect(found.milestone == "drop table", "the runs ended at the milestone '\(found.milestone)', \(found.place) is \(found.state)")
    }

    /// Waits until so many seconds of the soak are covered; answers how many are.
    private static func soaked(_ stage: Stage, atLeast seconds: Int) async throws -> Int {
        try await eventually("\(seconds) s of the soak are covered", within: 90, pause: 500) { () -> Int? in
            guard let match = try await stage.why().answer.firstMatch(of: #/(\d+) s of \d+ s covered/#), let covered = Int(match.1) else { return nil }
            return covered >= seconds ? covered : nil
        }
    }

    private static func marker(_ stage: Stage) throws -> String {
        struct Profile: Decodable { let marker: String }
        return try JSONDecoder().decode(Profile.self, from: FileManager.default.contents(atPath: "\(stage.host("acme"))/sampling.json") ?? Data()).marker
    }

    private static func fence(_ stage: Stage) throws -> Int {
        Int(try String(contentsOfFile: "\(stage.host("acme"))/fence", encoding: .utf8).prefix { $0.isNumber }) ?? -1
    }

    /// Answers where the lost journal turns up again.
    private static func lose(_ stage: Stage) async throws -> String {
        let old = "\(stage.folder)/found-again.db"
        try await stage.ctl("journal", "backup", old, code: 0)
        for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: stage.journal + end) }
        return old
    }
}
