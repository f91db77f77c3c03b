import Foundation

/// Every way to stop a fleet stops it, and what was under way ends in a known state.
enum Stopping {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(tenants: 2, agents: false)
        try await interruptedOnce(stage)
        try await interruptedTwice(stage)
        try await fleetIsHeld(stage)
        try await fileHolds(stage)
        try await hostObjects(stage)
        try await stage.ctl("journal", "verify", code: 0)
    }

    /// One Ctrl-C: the step under way comes to its end, and nothing begins after it.
    private static func interruptedOnce(_ stage: Stage) async throws {
        let run = try await stage.start("cutoverctl", ["advance", "acme", "--to", "A1/mirror.install"])
        try await begun("A0/sidecar.start", on: "acme", stage)
        run.kill(SIGINT)
        let ended = try await run.ended()
        try expect(ended.code == 4, "interrupted once, `advance` ended with \(ended.code): \(ended.said)")
        try expect(ended.err.contains("Ctrl-C again leaves now"), "nobody is told what a second Ctrl-C does: \(ended.said)")
        let events = try await stage.history("acme")
        guard let started = events.lastIndex(where: { $0.kind == "started" }) else { throw Trouble("nothing was begun") }
        try expect(events[started].place == "A0/sidecar.start", "after the Ctrl-C \(events[started].place) was begun")
        try expect(events[started...].contains { $0.kind == "performed" }, "the step's end is not on record: \(events.map(\.kind))")
        let found = try await stage.status(of: "acme")
        try expect(found.state != "inDoubt" && found.place == "A0/sidecar.start", "the tenant is \(found.state) at \(found.place)")
    }

    /// Two: it leaves at once, what was under way is in doubt, and the next who comes verifies it before anything else.
    private static func interruptedTwice(_ stage: Stage) async throws {
        let run = try await stage.start("cutoverctl", ["advance", "globex", "--to", "A0/sidecar.start"])
        try await begun("A0/sidecar.start", on: "globex", stage)
        // Two signals of a kind that are pending at once are one.
        let signals = Task {
            while !Task.isCancelled {
                run.kill(SIGINT)
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        let ended = try await run.ended()
        signals.cancel()
        try expect(ended.code == 130, "interrupted twice, `advance` ended with \(ended.code): \(ended.said)")
        let left = try await stage.history("globex")
        try expect(left.last?.kind == "started", "something was recorded after the step began: \(left.map(\.kind))")
        try expect(try await stage.status(of: "globex").state == "inDoubt", "what was left is not in doubt")
        try await stage.ctl("advance", "globex", "--to", "A0/sidecar.start", code: 0)
        let after = try await stage.history("globex").dropFirst(left.count)
        let first = after.first { ["verified", "becameUnknown", "started"].contains($0.kind) }
        try expect(first?.kind == "verified" || first?.kind == "becameUnknown", "what was in doubt was not verified first: \(after.map(\.kind))")
        try expect(try await stage.verified("globex").last == "A0/sidecar.start", "it does not stand in the end")
    }

    /// A hold of the fleet is recorded once, and holds whoever joins.
    private static func fleetIsHeld(_ stage: Stage) async throws {
        try await stage.ctl("advance", "acme", "--to", "A0/sidecar.start", code: 0)
        let text = try String(contentsOfFile: stage.fleet, encoding: .utf8)
        let second = text.range(of: "\n  - id: globex") ?? text.range(of: "\n- id: globex")
        let alone = second.map { String(text[..<$0.lowerBound]) + "\n" } ?? text
        let smaller: [String: String?] = second == nil ? [:] : ["CUTOVER_FLEET": try stage.file("alone.yaml", alone)]
        try await stage.ctl("hold", "--all", "--reason", "an outage", code: 0, changing: smaller)
        for tenant in ["acme", "globex"] {
            let ended = try await stage.ctl("advance", tenant, code: 3)
            try expect((ended.out + ended.err).contains("an outage"), "nobody is told why: \(ended.said)")
            let found = try await stage.status(of: tenant)
            try expect(found.state == "held" && found.held?.contains("an outage") == true, "\(tenant) is \(found.state), held \(found.held ?? "by nobody")")
            try expect(try await stage.why(tenant).next == "cutoverctl release --all --reason TEXT", "why does not tell how to release")
            try expect(try await !stage.history(tenant).contains { $0.kind == "held" }, "the hold was copied to \(tenant)")
        }
        try expect(try await stage.history("@fleet").map(\.kind).filter { $0 == "fleetHeld" }.count == 1, "the hold is not recorded once")
        try await stage.ctl("release", "--all", "--reason", "it is over", code: 0)
        try expect(try await stage.status(of: "acme").state != "held", "released, acme is still held")
    }

    /// A file beside the journal, for whoever can do nothing else.
    private static func fileHolds(_ stage: Stage) async throws {
        let path = "\(stage.root)/cutover.hold"
        try "the machine room is warm\n".write(toFile: path, atomically: true, encoding: .utf8)
        let before = try await stage.history("acme").count
        let ended = try await stage.ctl("advance", "acme", code: 3)
        try expect((ended.out + ended.err).contains("the machine room is warm"), "nobody is told why: \(ended.said)")
        try expect(try await stage.why("acme").next == "rm \(path)", "why does not name the file")
        try expect(try await stage.history("acme").count == before, "something was recorded under the file")
        try FileManager.default.removeItem(atPath: path)
    }

    /// The host's own word: not now, until then, because.
    private static func hostObjects(_ stage: Stage) async throws {
        try await stage.ctl("host", "not-now", "--state", stage.host("acme"), "--for", "2h", "--reason", "the nightly backup runs", code: 0)
        try await stage.ctl("advance", "acme", "--to", "A1/mirror.install", code: 3)
        let why = try await stage.why("acme")
        try expect(why.answer.contains("not now, until") && why.answer.contains("the nightly backup runs"), "why says \(why.answer)")
        try expect(try await !stage.history("acme").contains { $0.kind == "started" && $0.place == "A1/mirror.install" }, "it was begun against the host's word")
        try await stage.ctl("host", "not-now", "--state", stage.host("acme"), "--lift", code: 0)
        try await stage.ctl("advance", "acme", "--to", "A1/mirror.install", code: 0)
    }

    private static func begun(_ place: String, on tenant: String, _ stage: Stage) async throws {
        _ = try await eventually("\(place) is begun", within: 60, pause: 5) { () -> Bool? in
            guard FileManager.default.fileExists(atPath: stage.journal) else { return nil }
            let last = try await stage.start("cutoverctl", ["history", tenant, "--json"]).ended()
            guard last.code == 0, let event = try last.answer(HistoryAnswer.self).events.last else { return nil }
            return event.kind == "started" && event.place == place ? true : nil
        }
    }
}
