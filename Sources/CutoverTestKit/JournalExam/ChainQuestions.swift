import Cutover

extension JournalExam {
    static let chainQuestions = [
        Question("what was appended is read back, in order, through either door", readsBack),
        Question("an append after a stale revision is a conflict and names the head", refusesStaleRevision),
        Question("an append that continues another hash is a conflict", refusesForeignHash),
        Question("a batch is stored whole or not at all", storesWholeBatches),
        Question("reading after a revision gives only what follows it", readsOn),
        Question("of two writers racing on one stream exactly one wins each round", letsOneWin),
        Question("streams don't contend, and are listed in order", keepsStreamsApart),
        Question("records come in the order of appending, with their heads, and pass the audit", laysItselfOpen),
        Question("facts come back as they were: commas, quotes, unicode, empty text", keepsFacts),
        Question("an append by a cancelled task is durable all the same", outlivesCancellation),
    ]

    private static func readsBack(_ door: any Journal, _ other: any Journal) async throws {
        let events = try await notes(["one", "two"], in: "acme", of: door)
        try await door.append(events, status: nil, under: nil)
        try await door.append([], status: nil, under: nil)
        let back = try await other.events(in: "acme", after: 0)
        try expect(back == events, "both events come back as they were")
        let (mine, yours) = (try await door.identity(), try await other.identity())
        try expect(mine == yours, "both doors lead to one journal")
    }

    private static func refusesStaleRevision(_ door: any Journal, _ other: any Journal) async throws {
        let first = try await notes(["first"], in: "acme", of: door)
        let rival = try await notes(["rival"], in: "acme", of: other)
        try await door.append(first, status: nil, under: nil)
        try await refuses("the rival's append", { $0 == .conflict("acme", found: 1) }) { try await other.append(rival, status: nil, under: nil) }
        let back = try await door.events(in: "acme", after: 0)
        try expect(back == first, "nothing of the rival's was stored")
    }

    private static func refusesForeignHash(_ door: any Journal, _ other: any Journal) async throws {
        try await door.append(try await notes(["first"], in: "acme", of: door), status: nil, under: nil)
        let forged = chain([.held(reason: "forged")], in: "acme", after: (1, Digest.sha256("elsewhere")), fence: 0)
        try await refuses("a foreign hash", isConflict) { try await other.append(forged, status: nil, under: nil) }
        let alien = chain([.held(reason: "alien")], in: "umbra", after: (0, Event.genesis(of: "umbra", in: "another journal")), fence: 0)
        try await refuses("another journal's first event", isConflict) { try await other.append(alien, status: nil, under: nil) }
    }

    private static func storesWholeBatches(_ door: any Journal, _ other: any Journal) async throws {
        let good = try await notes(["one", "two", "three"], in: "acme", of: door)
        let torn = [good[0], good[2]]
        try await refuses("a batch with a hole", isDamaged) { try await door.append(torn, status: status("acme", "torn"), under: nil) }
        let back = try await other.events(in: "acme", after: 0)
        let lines = try await other.statuses()
        try expect(back.isEmpty && lines.isEmpty, "neither events nor status of the torn batch were stored")
        try await door.append(good, status: nil, under: nil)
        let count = try await other.events(in: "acme", after: 0).count
        try expect(count == 3, "the whole batch is stored")
    }

    private static func readsOn(_ door: any Journal, _ other: any Journal) async throws {
        let events = try await notes(["one", "two", "three"], in: "acme", of: door)
        try await door.append(events, status: nil, under: nil)
        let (tail, none, beyond) = (
            try await other.events(in: "acme", after: 1), try await other.events(in: "acme", after: 3), try await other.events(in: "acme", after: 9)
        )
        try expect(tail == Array(events[1...]), "the two after the first")
        try expect(none.isEmpty && beyond.isEmpty, "nothing after the last")
    }

    private static func letsOneWin(_ door: any Journal, _ other: any Journal) async throws {
        for round in 1...20 {
            let mine = try await notes(["mine \(round)"], in: "acme", of: door)
            let yours = try await notes(["yours \(round)"], in: "acme", of: other)
            async let first = won(mine, door)
            async let second = won(yours, other)
            let wins = [try await first, try await second]
            try expect(wins[0] != wins[1], "exactly one wins in round \(round)")
            let count = try await door.events(in: "acme", after: 0).count
            try expect(count == round, "one event a round")
        }
    }

    private static func won(_ events: [Event], _ door: any Journal) async throws -> Bool {
        do {
            try await door.append(events, status: nil, under: nil)
            return true
        } catch where isConflict(error) { return false }
    }

    private static func keepsStreamsApart(_ door: any Journal, _ other: any Journal) async throws {
        for stream in ["umbra", "acme", "Zeta", "@fleet"] as [StreamID] {
            try await door.append(try await notes(["note"], in: stream, of: door), status: nil, under: nil)
        }
        let streams = try await other.streams()
        try expect(streams == ["@fleet", "Zeta", "acme", "umbra"], "streams in ascending order, not \(streams)")
        let last = try await other.events(in: "acme", after: 0).last?.revision
        try expect(last == 1, "each stream counts for itself")
    }

    private static func laysItselfOpen(_ door: any Journal, _ other: any Journal) async throws {
        var appended: [EventRecord] = []
        for (stream, reason) in [("b", "1"), ("a", "2"), ("b", "3")] as [(StreamID, String)] {
            let events = try await notes([reason], in: stream, of: door)
            try await door.append(events, status: nil, under: nil)
            appended += events.map { EventRecord($0) }
        }
        let opened = try await other.records()
        try expect(opened.records == appended, "the order of appending")
        try expect(opened.heads.map(\.stream) == ["a", "b"] && opened.heads.map(\.revision) == [1, 2], "the heads")
        let flaws = JournalAudit(opened).flaws
        try expect(flaws.isEmpty, "no flaw in an untouched journal, but \(flaws)")
        let identity = try await door.identity()
        try expect(opened.journal == identity, "it names itself")
    }

    private static func keepsFacts(_ door: any Journal, _ other: any Journal) async throws {
        let ref = StepRef(tenant: "acme", phase: "P", step: "s")
        let facts = [
            "commas": "a,b;c:d", "quotes": "'x' \"y\" \\ /", "unicode": "Žluťoučký 😀 e\u{301}", "empty": "", "": "no name", "lines": "a\nb\tc\u{0}d",
        ]
        let genesis = Event.genesis(of: "acme", in: try await door.identity())
        let lease = try await grant("acme", to: "me", from: door)
        let events = chain([.performed(ref, Evidence(facts))], in: "acme", after: (0, genesis), fence: lease.fence)
        try await door.append(events, status: nil, under: lease)
        let back = try await other.events(in: "acme", after: 0)
        try expect(back == events, "the facts are unchanged")
    }

    private static func outlivesCancellation(_ door: any Journal, _ other: any Journal) async throws {
        let events = try await notes(["outcome"], in: "acme", of: door)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await door.append(events, status: nil, under: nil)
        }
        try await task.value
        let count = try await other.events(in: "acme", after: 0).count
        try expect(count == 1, "the outcome is on record")
    }
}
