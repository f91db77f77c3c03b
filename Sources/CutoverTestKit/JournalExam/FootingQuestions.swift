import Cutover

extension JournalExam {
    static let footingQuestions = [
        Question("an append that rests on another stream stands while that is as it was seen, empty or not", standsOnFooting),
        Question("it is refused, names that stream and leaves nothing once that has moved on", refusesMovedFooting),
        Question("it is refused once that stream's lease has passed on, or been given back", refusesPassedFooting),
        Question("of it and an append to that stream, racing, it never comes second and stands", racesFooting),
    ]

    private static func standsOnFooting(_ door: any Journal, _ other: any Journal) async throws {
        let empty = Footing(head: try await head(.fleet, of: door))
        try await door.append(try await notes(["one"], in: "acme", of: door), status: nil, under: nil, on: empty)
        try await other.append(try await notes(["fleet"], in: .fleet, of: other), status: nil, under: nil)
        let lease = try await grant(.fleet, to: "one", from: door)
        let footing = Footing(head: try await head(.fleet, of: door), lease: lease)
        try await door.append(try await notes(["two"], in: "acme", of: door), status: nil, under: nil, on: footing)
        let count = try await other.events(in: "acme", after: 0).count
        try expect(count == 2, "both are on record")
    }

    private static func refusesMovedFooting(_ door: any Journal, _ other: any Journal) async throws {
        let footing = Footing(head: try await head(.fleet, of: door))
        let events = try await notes(["begun"], in: "acme", of: door)
        try await other.append(try await notes(["stop"], in: .fleet, of: other), status: nil, under: nil)
        try await refuses("an append on a footing that moved", { $0 == .conflict(.fleet, found: 1) }) {
            try await door.append(events, status: status("acme", "begun"), under: nil, on: footing)
        }
        let (stored, lines) = (try await other.events(in: "acme", after: 0), try await other.statuses())
        try expect(stored.isEmpty && lines.isEmpty, "neither events nor status were stored")
    }

    private static func refusesPassedFooting(_ door: any Journal, _ other: any Journal) async throws {
        let first = try await grant(.fleet, to: "one", from: door)
        let footing = Footing(head: try await head(.fleet, of: door), lease: first)
        let events = try await notes(["begun"], in: "acme", of: door)
        let second = try await grant(.fleet, to: "two", now: first.until, from: other)
        try await refuses("an append on a lease that passed on", { $0 == .superseded(.fleet, fence: first.fence, newest: second.fence) }) {
            try await door.append(events, status: nil, under: nil, on: footing)
        }
        try await other.giveBack(second)
        try await refuses("an append on a lease given back", isSuperseded) {
            try await other.append(events, status: nil, under: nil, on: Footing(head: footing.head, lease: second))
        }
        let stored = try await other.events(in: "acme", after: 0)
        try expect(stored.isEmpty, "nothing was stored")
    }

    private static func racesFooting(_ door: any Journal, _ other: any Journal) async throws {
        for round in 1...20 {
            let seen = try await head(.fleet, of: door)
            let begun = try await notes(["begun \(round)"], in: "acme", of: door)
            let stop = try await notes(["stop \(round)"], in: .fleet, of: other)
            async let resting: Void? = try? door.append(begun, status: nil, under: nil, on: Footing(head: seen))
            async let moving: Void = other.append(stop, status: nil, under: nil)
            _ = await resting
            try await moving
            let order = try await door.records().records
            let stopped = order.firstIndex { $0.hash == stop[0].hash }
            guard let first = order.firstIndex(where: { $0.hash == begun[0].hash }), let stopped else { continue }
            try expect(first < stopped, "what stands came first, in round \(round)")
        }
    }

    private static func head(_ stream: StreamID, of journal: any Journal) async throws -> JournalRecords.Head {
        let last = try await journal.events(in: stream, after: 0).last
        let identity = try await journal.identity()
        return last.map { JournalRecords.Head(stream: stream, revision: $0.revision, hash: $0.hash) } ?? .genesis(of: stream, in: identity)
    }
}
