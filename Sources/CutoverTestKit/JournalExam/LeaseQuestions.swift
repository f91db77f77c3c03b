import Cutover

extension JournalExam {
    static let leaseQuestions = [
        Question("a running lease is refused to others and its holder is named", refusesWhileRunning),
        Question("its holder renews a lease under the same number", renews),
        Question("a lease that has run out passes on under a higher number", passesOnWhenRunOut),
        Question("a lease whose holder has died passes on at once", passesOnWhenGone),
        Question("a lease given back passes on under a higher number", passesOnWhenGivenBack),
        Question("giving back a superseded lease leaves the newer one alone", ignoresStaleGiveBack),
        Question("an append under a superseded lease is refused and leaves nothing", refusesStaleLease),
        Question("an event numbered with a fence needs the lease of that number", refusesFenceWithoutLease),
        Question("a note needs no lease while another holds it", letsNotesIn),
        Question("a number that was raised lies below every later grant, never falls, and ends a lease below it", raises),
        Question("of two holders racing for a lease exactly one gets it", grantsToOne),
    ]

    private static func refusesWhileRunning(_ door: any Journal, _ other: any Journal) async throws {
        let lease = try await grant("acme", to: "one", from: door)
        try await refuses("the second holder", { $0 == .leased("acme", to: "one", until: lease.until) }) {
            _ = try await grant("acme", to: "two", from: other)
        }
        _ = try await grant("umbra", to: "two", from: other)
        let (during, after) = (
            try await other.leaseHolder(of: "acme", now: moment), try await other.leaseHolder(of: "acme", now: moment.adding(seconds: 61))
        )
        try expect(during == "one" && after == nil, "the holder is known while the lease runs")
        let nobody = try await other.leaseHolder(of: "never heard of", now: moment)
        try expect(nobody == nil, "nobody holds what was never leased")
    }

    private static func renews(_ door: any Journal, _ other: any Journal) async throws {
        let first = try await grant("acme", to: "one", from: door)
        let later = moment.adding(seconds: 40)
        let second = try await grant("acme", to: "one", now: later, from: other)
        try expect(second.fence == first.fence, "the number stays")
        try expect(second.until == later.adding(seconds: 60), "the term is the new one")
        try await refuses("a rival after the first term", isLeased) { _ = try await grant("acme", to: "two", now: moment.adding(seconds: 61), from: door) }
    }

    private static func passesOnWhenRunOut(_ door: any Journal, _ other: any Journal) async throws {
        let first = try await grant("acme", to: "one", from: door)
        let second = try await grant("acme", to: "two", now: first.until, from: other)
        try expect(second.fence > first.fence, "a higher number")
        try await refuses("the first holder's return", isLeased) { _ = try await grant("acme", to: "one", now: first.until, from: door) }
    }

    private static func passesOnWhenGone(_ door: any Journal, _ other: any Journal) async throws {
        let first = try await grant("acme", to: "one", from: door)
        try await refuses("take-over of the living", isLeased) {
            _ = try await other.lease("acme", to: "two", until: first.until, now: moment) { $0 == "somebody else" }
        }
        let second = try await other.lease("acme", to: "two", until: first.until, now: moment) { $0 == "one" }
        try expect(second.fence > first.fence && second.holder == "two", "taken over under a higher number")
    }

    private static func passesOnWhenGivenBack(_ door: any Journal, _ other: any Journal) async throws {
        let first = try await grant("acme", to: "one", from: door)
        try await door.giveBack(first)
        let holder = try await other.leaseHolder(of: "acme", now: moment)
        try expect(holder == nil, "nobody holds it")
        let second = try await grant("acme", to: "two", from: other)
        try await other.giveBack(second)
        let third = try await grant("acme", to: "two", from: other)
        try expect(first.fence < second.fence && second.fence < third.fence, "each grant has a higher number, the same holder's too")
    }

    private static func ignoresStaleGiveBack(_ door: any Journal, _ other: any Journal) async throws {
        let first = try await grant("acme", to: "one", from: door)
        _ = try await grant("acme", to: "two", now: first.until, from: other)
        try await door.giveBack(first)
        let holder = try await door.leaseHolder(of: "acme", now: first.until)
        try expect(holder == "two", "the newer lease still runs")
    }

    private static func refusesStaleLease(_ door: any Journal, _ other: any Journal) async throws {
        let first = try await grant("acme", to: "one", from: door)
        let late = chain(
            [.started(StepRef(tenant: "acme", phase: "P", step: "s"), attempt: 1)], in: "acme",
            after: (0, Event.genesis(of: "acme", in: try await door.identity())), fence: first.fence)
        let second = try await grant("acme", to: "two", now: first.until, from: other)
        try await refuses("the first holder's append", { $0 == .superseded("acme", fence: first.fence, newest: second.fence) }) {
            try await door.append(late, status: status("acme", "late"), under: first)
        }
        try await other.giveBack(second)
        try await refuses("an append under a lease given back", isSuperseded) { try await other.append(late, status: nil, under: second) }
        let (events, lines) = (try await other.events(in: "acme", after: 0), try await other.statuses())
        try expect(events.isEmpty && lines.isEmpty, "nothing was stored")
    }

    private static func refusesFenceWithoutLease(_ door: any Journal, _ other: any Journal) async throws {
        let genesis = Event.genesis(of: "acme", in: try await door.identity())
        let lease = try await grant("acme", to: "one", from: door)
        for fence in [lease.fence, lease.fence + 1] {
            let events = chain([.held(reason: "stolen number")], in: "acme", after: (0, genesis), fence: fence)
            try await refuses("fence \(fence) without a lease", isSuperseded) { try await other.append(events, status: nil, under: nil) }
        }
    }

    private static func letsNotesIn(_ door: any Journal, _ other: any Journal) async throws {
        _ = try await grant("acme", to: "one", from: door)
        try await other.append(try await notes(["stop"], in: "acme", of: other), status: nil, under: nil)
        let count = try await door.events(in: "acme", after: 0).count
        try expect(count == 1, "the note is on record")
    }

    private static func raises(_ door: any Journal, _ other: any Journal) async throws {
        let low = try await grant("acme", to: "one", from: door)
        try await other.raise("acme", above: 5_000_000)
        try await refuses("an append under the lease below", isSuperseded) {
            try await door.append(try await notes(["late"], in: "acme", of: door), status: nil, under: low)
        }
        let high = try await grant("acme", to: "two", from: door)
        try expect(high.fence == 5_000_001, "the first grant above, not \(high.fence)")
        try await door.raise("acme", above: 7)
        let holder = try await other.leaseHolder(of: "acme", now: moment)
        try expect(holder == "two", "a lower number changes nothing")
        try await door.raise("never leased", above: 3)
        let first = try await grant("never leased", to: "one", from: other)
        try expect(first.fence == 4, "also of a stream that was never leased")
        let streams = try await door.streams()
        try expect(streams.isEmpty, "a lease makes no stream")
    }

    private static func grantsToOne(_ door: any Journal, _ other: any Journal) async throws {
        for round in 1...20 {
            let stream = StreamID("t\(round)")
            async let first = granted(stream, "one", door)
            async let second = granted(stream, "two", other)
            let grants = [try await first, try await second]
            try expect(grants[0] != grants[1], "exactly one in round \(round)")
        }
    }

    private static func granted(_ stream: StreamID, _ holder: String, _ door: any Journal) async throws -> Bool {
        do {
            _ = try await grant(stream, to: holder, from: door)
            return true
        } catch let error as JournalError where isLeased(error) { return false }
    }
}
