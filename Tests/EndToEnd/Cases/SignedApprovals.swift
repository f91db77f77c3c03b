import Foundation

/// Two people's signatures, and what is not one; what a person attests, what is asked where it is kept, and what may be set aside, loudly.
enum SignedApprovals {
    private static let frozen = "everything that was frozen is accounted for in v2"

    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(tenants: 2, rows: 20, agents: false)
        let tracker = try await Tracker(stage)
        let desk = try await Desk(stage, tracker)
        do {
            try await lintRefuses(stage, desk)
            try await twoPeople(stage, desk)
            try await blockers(stage, desk, tracker)
            try await waivers(stage, desk)
            try await stage.ctl("journal", "verify", code: 0)
        } catch {
            try? await tracker.end()
            throw error
        }
        try await tracker.end()
    }

    /// The people, their keys and the plan that names them.
    private struct Desk {
        let stage: Stage
        let plan: String
        let text: String
        private(set) var lines: [String: String] = [:]
        static let people = ["lead-1", "lead-2", "eve"]

        init(_ stage: Stage, _ tracker: Tracker) async throws {
            self.stage = stage
            for name in Self.people {
                lines[name] = try await stage.ctl("key", "new", "--out", "\(stage.folder)/\(name).key", "--as", name, code: 0).out.trimmingCharacters(in: .whitespacesAndNewlines)
            }
            let lab = try String(contentsOfFile: stage.places.plan, encoding: .utf8)
            text = lab.replacingOccurrences(of: "author: release-manager\n", with: "author: release-manager\nkeys: keys.yaml\n")
                .replacingOccurrences(of: "from: [lead-1, lead-2, lead-3], notAuthor: true", with: "from: [lead-1, lead-2], notAuthor: true, stages: [A]")
                .replacingOccurrences(of: "uses: host.prepare,", with: "uses: host.prepare, risk: high,")
                .replacingOccurrences(
                    of: "blockers: []", with: "blockers: [ { name: issue-769, closedWhen: { url: \"\(tracker.url)\", is: closed } }, { name: customer, closedWhen: attested } ]")
            plan = try stage.file("signed.yaml", text)
            _ = try stage.file("keys.yaml", keys(["lead-1": "lead-1", "lead-2": "lead-2"]))
        }

        func keys(_ keys: [String: String]) -> String {
            "people:\n" + keys.sorted { $0.key < $1.key }.map { "  - { name: \($0.key), keys: [ \(lines[$0.value]?.split(separator: " ").prefix(2).joined(separator: " ") ?? "") ] }\n" }.joined()
        }

        func ctl(_ words: [String], as person: String = "release-manager", key: String? = nil, plan: String? = nil, code: Int) async throws -> RunningProgram.Ended {
            let own: [String: String?] = ["CUTOVER_PLAN": plan ?? self.plan, "CUTOVER_OPERATOR": person, "CUTOVER_KEY": key.map { "\(stage.folder)/\($0).key" }]
            let ended = try await stage.start("cutoverctl", words, own).ended()
            try expect(ended.code == code, "`\(ended.words)` by \(person) ended with \(ended.code), not \(code): \(ended.said)")
            return ended
        }

        func why(plan: String? = nil) async throws -> WhyAnswer { try await ctl(["why", "acme", "--json"], plan: plan, code: 0).answer() }
    }

    private static func lintRefuses(_ stage: Stage, _ desk: Desk) async throws {
        _ = try await desk.ctl(["lint", desk.plan], code: 0)
        _ = try stage.file("same.yaml", desk.keys(["lead-1": "lead-1", "lead-2": "lead-1"]))
        _ = try stage.file("one.yaml", desk.keys(["lead-1": "lead-1"]))
        for (was, now, told) in [
            ("keys: keys.yaml", "keys: nowhere.yaml", "nowhere.yaml"), ("keys: keys.yaml", "keys: same.yaml", "have the same key"),
            ("keys: keys.yaml", "keys: one.yaml", "lead-2 may approve, and has no key"), ("count: 2, from: [lead-1, lead-2]", "count: 2, from: [lead-1, release-manager]", "only 1 can"),
            ("stages: [A]", "stages: [D]", "there is no stage D"), ("closedWhen: attested", "closedWhen: soon", "can't be closed when soon"),
            ("is: closed }", "is: closed, token: abc }", "a token never stands in a plan"),
        ] {
            let path = try stage.file("wrong.yaml", desk.text.replacingOccurrences(of: was, with: now))
            let ended = try await desk.ctl(["lint", path], code: 1)
            try expect((ended.out + ended.err).contains(told), "lint says nothing of '\(told)': \(ended.said)")
        }
    }

    private static func twoPeople(_ stage: Stage, _ desk: Desk) async throws {
        let approve = ["approve", "acme", "A0/host.prepare", "--reason", "reviewed"]
        func stands(_ text: String, _ what: String, plan: String? = nil) async throws {
            let why = try await desk.why(plan: plan)
            try expect(why.answer.contains(text), "\(what): `why` does not say '\(text)' but '\(why.answer)'")
        }
        _ = try await desk.ctl(["advance", "acme", "--to", "A0/host.prepare"], code: 3)
        try await stands("0 of 2", "nobody has signed")
        _ = try await desk.ctl(approve, as: "lead-1", code: 1)
        _ = try await desk.ctl(approve, as: "lead-1", key: "eve", code: 3)
        _ = try await desk.ctl(approve, as: "eve", key: "eve", code: 3)
        _ = try await desk.ctl(approve, key: "lead-1", code: 3)
        // Twice is once.
        for _ in 0..<2 { _ = try await desk.ctl(approve, as: "lead-1", key: "lead-1", code: 0) }
        try await stands("1 of 2 (lead-1)", "one person signed twice")
        // Recorded all the same, under a plan that asks for no signature, and under keys that somebody has exchanged.
        let unsigned = try stage.file("unsigned.yaml", desk.text.replacingOccurrences(of: "keys: keys.yaml\n", with: ""))
        _ = try await desk.ctl(approve, as: "lead-2", plan: unsigned, code: 0)
        try await stands("that of lead-2 is not signed", "a word without signature")
        _ = try stage.file("forged-keys.yaml", desk.keys(["lead-1": "lead-1", "lead-2": "eve"]))
        let forged = try stage.file("forged.yaml", desk.text.replacingOccurrences(of: "keys: keys.yaml", with: "keys: forged-keys.yaml"))
        _ = try await desk.ctl(approve, as: "lead-2", key: "eve", plan: forged, code: 0)
        try await stands("that of lead-2 is signed with a key that is not theirs", "a forged signature")
        // Signed rightly, for another tenant, and carried over by whoever can write the journal's file.
        let other = try await stage.status(changing: ["CUTOVER_PLAN": desk.plan]).tenants.map(\.tenant).first { $0 != "acme" } ?? ""
        _ = try await desk.ctl(["approve", other, "A0/host.prepare", "--reason", "reviewed"], as: "lead-2", key: "lead-2", code: 0)
        try await replay(stage, from: other, to: "acme")
        try await stands("that of lead-2 is for other tenants", "a replayed signature")
        try await stage.ctl("journal", "verify", code: 0)
        try await expired(stage, desk, approve)
        _ = try await desk.ctl(["advance", "acme", "--to", "A0/host.prepare"], code: 3)
        try expect(try await stage.history().allSatisfy { $0.kind != "started" }, "a step was begun on signatures that do not count")

        _ = try await desk.ctl(approve, as: "lead-2", key: "lead-2", code: 0)
        try await stands("nobody attached it", "the evidence of stage A is wanted")
        _ = try await desk.ctl(["attest", "acme", "--stage", "A", "--evidence", "\(stage.folder)/nothing", "--reason", "run 12"], as: "lead-1", key: "lead-1", code: 1)
        let evidence = try stage.file("stage-a.log", "412 of 412 checks green\n")
        _ = try await desk.ctl(["attest", "acme", "--stage", "A", "--evidence", evidence, "--reason", "run 12"], as: "lead-1", key: "lead-1", code: 0)
        _ = try await desk.ctl(["advance", "acme", "--to", "A0/host.prepare"], code: 0)
        let attested = try await stage.history().last { $0.facts["topic"] == "stage/A" }
        try expect(attested?.facts["about.digest"]?.count == 64 && attested?.facts["about.file"] == "stage-a.log", "the evidence is not on record: \(attested?.facts ?? [:])")
    }

    /// A plan whose signatures count for a second.
    private static func expired(_ stage: Stage, _ desk: Desk, _ approve: [String]) async throws {
        let brief = try stage.file("brief.yaml", desk.text.replacingOccurrences(of: "notAuthor: true, stages", with: "notAuthor: true, validFor: 1s, stages").replacingOccurrences(of: "revision: 1\n", with: "revision: 2\n"))
        _ = try await desk.ctl(["adopt", "acme"], plan: brief, code: 0)
        _ = try await desk.ctl(approve, as: "lead-1", key: "lead-1", plan: brief, code: 0)
        _ = try await eventually("the signature has expired", within: 60) { () -> Bool? in
            try await desk.why(plan: brief).answer.contains("that of lead-1 has expired") ? true : nil
        }
        // Back to the plan of before, as a third revision: what was signed for the first counts no longer.
        let third = desk.text.replacingOccurrences(of: "revision: 1\n", with: "revision: 3\n")
        try third.write(toFile: desk.plan, atomically: true, encoding: .utf8)
        let shown = "\(stage.folder)/third.json"
        _ = try await desk.ctl(["adopt", "acme", "--preview", "-o", shown], code: 0)
        _ = try await desk.ctl(["hold", "acme", "--reason", "lunch"], code: 0)
        _ = try await desk.ctl(["release", "acme", "--reason", "fed"], code: 0)
        let since = try await desk.ctl(["adopt", "--from", shown], code: 3)
        try expect(since.out.contains("acme: changed") && since.out.contains("released by release-manager"), "adopt does not name what came in since the preview: \(since.said)")
        let told = try await desk.ctl(["adopt", "acme", "--preview", "-o", shown], code: 0)
        try expect(told.out.contains("signatures were given to the old plan"), "adopt does not tell of signatures that are void: \(told.said)")
        _ = try await desk.ctl(["adopt", "--from", shown], plan: brief, code: 3)
        _ = try await desk.ctl(["adopt", "--from", shown], code: 0)
        _ = try await desk.ctl(["adopt", "--from", shown], code: 3)
        let why = try await desk.why()
        try expect(why.answer.contains("0 of 2") && why.answer.contains("that of lead-1 bears a signature that is not over this plan"), "a signature for an older revision counts: \(why.answer)")
        _ = try await desk.ctl(approve, as: "lead-1", key: "lead-1", code: 0)
    }

    /// Appends a copy of the newest approval of one tenant to the stream of another, chained as the journal chains.
    private static func replay(_ stage: Stage, from: String, to: String) async throws {
        let code = """
            import hashlib, json, sqlite3, sys
            path, source, target = sys.argv[1:]
            db = sqlite3.connect(path, timeout=60)
            at, by, fence, kind, step, facts = db.execute(
                "SELECT at, by, fence, kind, step, facts FROM events WHERE stream = ? AND kind = 'approved' ORDER BY revision DESC", (source,)).fetchone()
            revision, previous = db.execute("SELECT revision, hash FROM heads WHERE stream = ?", (target,)).fetchone()
            parts = [target, str(revision + 1), at, by, str(fence), kind, step or "", previous]
            for key, value in sorted(json.loads(facts).items()): parts += [key, value]
            digest = hashlib.sha256(",".join(f"{len(p.encode())}:{p}" for p in parts).encode()).hexdigest()
            db.execute("INSERT INTO events (stream, revision, at, by, fence, kind, step, facts, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (target, revision + 1, at, by, fence, kind, step, facts, previous, digest))
            db.execute("UPDATE heads SET revision = ?, hash = ? WHERE stream = ?", (revision + 1, digest, target))
            db.commit()
            """
        let ended = try await RunningProgram.start(
            "/usr/bin/python3", ["-c", code, stage.journal, from, to], environment: [:], folder: stage.folder, log: "\(stage.logs)/replay").ended()
        try expect(ended.code == 0, "the approval could not be copied: \(ended.said)")
    }

    private struct Previewed: Decodable {
        struct Tenant: Decodable { let steps: [Step] }
        struct Step: Decodable {
            let step: String
            let gates: [Gate]
        }
        struct Gate: Decodable {
            let claim: String
            let answer: String
            let detail: String
        }
        let tenants: [Tenant]
    }

    private static func gate(_ claim: String, of step: String, _ desk: Desk) async throws -> Previewed.Gate {
        let found: Previewed = try await desk.ctl(["preview", "acme", "--json"], code: 0).answer()
        guard let gate = found.tenants.first?.steps.first(where: { $0.step == step })?.gates.first(where: { $0.claim == claim }) else { throw Trouble("\(step) has no gate '\(claim)'") }
        return gate
    }

    private static func blockers(_ stage: Stage, _ desk: Desk, _ tracker: Tracker) async throws {
        for (document, answer) in [(nil, "unknown"), ("no json", "unknown"), (#"{"title":"x"}"#, "unknown"), (#"{"state":"open"}"#, "shut"), (#"{"state":"closed"}"#, "open")] {
            if let document { try tracker.say(document) }
            let gate = try await gate("issue-769 is closed", of: "A3/legacy.drop", desk)
            try expect(gate.answer == answer, "the tracker says \(document ?? "nothing"), and the gate is \(gate.answer): \(gate.detail)")
        }
        try tracker.say(#"{"state":"open"}"#)
        let refused = try await desk.ctl(["attest", "acme", "--blocker", "issue-769", "--reason", "I think so"], as: "lead-1", key: "lead-1", code: 3)
        try expect(refused.err.contains("the plan asks where it is kept"), "an attestation that can't count is refused otherwise: \(refused.said)")
        _ = try await desk.ctl(["attest", "acme", "--blocker", "customs", "--reason", "x"], as: "lead-1", key: "lead-1", code: 1)
        let attest = ["attest", "acme", "--blocker", "customer", "--reason", "they wrote on Friday"]
        _ = try await desk.ctl(attest, as: "lead-1", code: 1)
        try expect(try await gate("customer is closed", of: "A3/legacy.drop", desk).answer == "shut", "nobody attested it, and it is open")
        _ = try await desk.ctl(attest, as: "lead-1", key: "lead-1", code: 0)
        try expect(try await gate("customer is closed", of: "A3/legacy.drop", desk).detail.contains("by lead-1"), "it was attested, and the gate does not say by whom")
    }

    private static func waivers(_ stage: Stage, _ desk: Desk) async throws {
        func waive(_ check: String, _ step: String = "A3/legacy.drop", _ more: [String] = [], for time: String = "4h", code: Int) async throws -> RunningProgram.Ended {
            try await desk.ctl(["waive", "acme", step, "--check", check, "--for", time, "--reason", "the tracker is down"] + more, as: "lead-1", key: "lead-1", code: code)
        }
        for check in [frozen, "the archive is whole and was rehearsed", "what is not in v2 was signed, and no conflict is open"] {
            let refused = try await waive(check, code: 3)
            try expect(refused.err.contains("“\(check)” can't be waived") && refused.err.contains("keeps data from being lost"), "a check of the data's safety is refused otherwise: \(refused.said)")
        }
        _ = try await waive("the window is clean", "A3/soak.wait", code: 3)
        let slip = try await waive("issue-768 is closed", code: 1)
        try expect(slip.err.contains("issue-769 is closed"), "the right name is not offered: \(slip.said)")
        try expect(try await stage.history().allSatisfy { $0.kind != "waived" }, "a refused waiver is on record")

        _ = try await waive("issue-769 is closed", code: 0)
        let gate = try await gate("issue-769 is closed", of: "A3/legacy.drop", desk)
        try expect(gate.answer == "open" && gate.detail.contains("waived by lead-1"), "the waiver does not count: \(gate)")
        let two = "2 approved it, not the author"
        _ = try await waive(two, "A3/fallback.remove", code: 64)
        _ = try await waive(two, "A3/fallback.remove", ["--break-glass", "--confirm", "acme"], code: 0)
        let text = try await desk.ctl(["status"], code: 0).out
        try expect(text.contains("WAIVED: acme/A3/legacy.drop: “issue-769 is closed” by lead-1 until ") && text.contains("GLASS BROKEN: acme/A3/fallback.remove"), "status is not loud: \(text)")
        try expect(try await desk.ctl(["status", "--json"], code: 0).out.contains(#""brokeGlass" : true"#), "status --json does not tell of the broken glass")
        let told = try await stage.history().filter { $0.kind == "waived" }
        try expect(told.map(\.by) == ["lead-1", "lead-1"] && told.allSatisfy { $0.facts["reason"] == "the tracker is down" }, "the history does not tell who waived and why")

        // Anybody may let a check count again, before its time and without a key.
        let end = ["waive", "acme", "A3/legacy.drop", "--check", "issue-769 is closed", "--end", "--reason", "the tracker is back"]
        _ = try await desk.ctl(end, as: "eve", code: 0)
        let again = try await Self.gate("issue-769 is closed", of: "A3/legacy.drop", desk)
        try expect(again.answer == "shut", "a waiver that was ended counts: \(again)")
        let left = try await desk.ctl(["status"], code: 0).out
        try expect(!left.contains("“issue-769 is closed”") && left.contains("GLASS BROKEN"), "status tells of a waiver that was ended, or forgot the other: \(left)")
        let last = try await stage.history().last
        try expect(last?.kind == "waiverEnded" && last?.by == "eve" && last?.facts["claim"] == "issue-769 is closed", "the history does not tell who ended it")
        _ = try await desk.ctl(end, as: "eve", code: 1)

        _ = try await waive("customer is closed", for: "1s", code: 0)
        _ = try await eventually("the waiver of a second has run out", within: 60) { () -> Bool? in
            try await desk.ctl(["status"], code: 0).out.contains("“customer is closed”") ? nil : true
        }
    }
}
