import Cutover

extension JournalExam {
    static let newsQuestions = [
        Question("what another door appended is news, once", tellsNews),
        Question("events come in the order in which they were appended, whoever asks, and none twice", readsOn),
    ]

    private static func tellsNews(_ door: any Journal, _ other: any Journal) async throws {
        try await door.append(try await notes(["1"], in: "a", of: door), status: nil, under: nil)
        let first = try await other.news(since: nil)
        try expect(first.streams.contains("a"), "since ever, all streams are news")
        for (door, stream) in [(door, "b"), (other, "c")] as [(any Journal, StreamID)] {
            let before = try await other.news(since: nil).mark
            try await door.append(try await notes(["2"], in: stream, of: door), status: nil, under: nil)
            let news = try await other.news(since: before)
            try expect(news.streams.contains(stream), "\(stream) is named after it was appended to")
        }
    }

    private static func readsOn(_ door: any Journal, _ other: any Journal) async throws {
        var expected: [String] = []
        for number in 0..<7 {
            let stream: StreamID = number % 3 == 0 ? "a" : "b"
            let events = try await notes(["\(number)", "\(number) again"], in: stream, of: door)
            try await (number % 2 == 0 ? door : other).append(events, status: nil, under: nil)
            expected += events.map(\.hash)
        }
        var mark: JournalMark?
        func readOn(for hashes: [String]) async throws -> [String] {
            var read: [String] = []
            // A journal may hold back what others could still come before: anybody's transactions on its server.
            for _ in 0..<6000 where read.count < hashes.count {
                let (events, next) = try await other.appended(since: mark, limit: 3)
                try expect(events.count <= 3, "no more than were asked for")
                (mark, read) = (next, read + events.map(\.hash))
                if events.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            }
            return try await read + other.appended(since: mark, limit: 3).events.map(\.hash)
        }
        try expect(try await readOn(for: expected) == expected, "all of them, in order")
        let more = try await notes(["late"], in: "a", of: door)
        try await door.append(more, status: nil, under: nil)
        let late = try await readOn(for: more.map(\.hash))
        try expect(late == more.map(\.hash), "what comes later is behind the mark")
    }
}
