import Cutover

extension JournalExam {
    static let projectionQuestions = [
        Question("a status is stored with its events, and not without them", storesStatusWithEvents),
        Question("statuses come in order of tenant, the newest of each", ordersStatuses),
        Question("the projection can be replaced as a whole", replacesProjection),
        Question("a line comes with the head that its stream has, all of them or those asked for", linesWithHeads),
        Question("of appends that come in together each is refused or stored by itself", manyAtOnce),
    ]

    private static func storesStatusWithEvents(_ door: any Journal, _ other: any Journal) async throws {
        let stale = try await notes(["stale"], in: "acme", of: door)
        try await door.append(try await notes(["first"], in: "acme", of: door), status: status("acme", "first"), under: nil)
        try await refuses("a stale append", isConflict) { try await other.append(stale, status: status("acme", "stale"), under: nil) }
        let lines = try await other.statuses()
        try expect(lines == [status("acme", "first")], "the status of the append that failed was not stored")
    }

    private static func ordersStatuses(_ door: any Journal, _ other: any Journal) async throws {
        for (tenant, step) in [("b", "1"), ("a", "1"), ("b", "2")] as [(TenantID, String)] {
            try await door.append(try await notes([step], in: StreamID(tenant), of: door), status: status(tenant, step), under: nil)
        }
        let lines = try await other.statuses()
        try expect(lines == [status("a", "1"), status("b", "2")], "one line a tenant, in order")
    }

    private static func linesWithHeads(_ door: any Journal, _ other: any Journal) async throws {
        for tenant in ["a", "b", "c"] as [TenantID] {
            try await door.append(try await notes(["x"], in: StreamID(tenant), of: door), status: status(tenant, "1"), under: nil)
        }
        // Its line is older than its stream.
        try await other.append(try await notes(["y"], in: "b", of: other), status: nil, under: nil)
        try await other.append(try await notes(["z"], in: "without", of: other), status: nil, under: nil)
        for (asked, expected) in [(nil, ["a 1", "b 2", "c 1"]), (["b", "c", "nobody", "without"], ["b 2", "c 1"]), ([], [])] as [(Set<TenantID>?, [String])] {
            let lines = try await other.lines(of: asked)
            try expect(lines.map { "\($0.status.tenant) \($0.head.revision)" }.sorted() == expected, "\(asked.map { "\($0)" } ?? "all") are \(expected)")
            for line in lines {
                let last = try await other.events(in: StreamID(line.status.tenant), after: 0).last
                try expect(last?.hash == line.head.hash, "the head of \(line.status.tenant) is its last event")
            }
        }
    }

    private static func manyAtOnce(_ door: any Journal, _ other: any Journal) async throws {
        var batches: [(events: [Event], tenant: TenantID)] = []
        for number in 0..<40 {
            let stream = StreamID("t\(number / 2)")
            // Two of each, and only one of them can be the first.
            batches.append((try await notes(["\(number)", "\(number) again"], in: stream, of: door), TenantID(stream.text)))
        }
        let stored = try await withThrowingTaskGroup(of: String?.self) { group in
            for batch in batches {
                group.addTask {
                    do {
                        try await door.append(batch.events, status: status(batch.tenant, batch.events[1].hash), under: nil)
                        return batch.events[1].hash
                    } catch let error as JournalError where isConflict(error) { return nil }
                }
            }
            var stored: Set<String> = []
            for try await hash in group { if let hash { stored.insert(hash) } }
            return stored
        }
        try expect(stored.count == 20, "one of each two was stored: \(stored.count)")
        let records = try await other.records().records
        try expect(records.count == 40 && Set(records.filter { $0.revision == 2 }.map(\.hash)) == stored, "what was answered is what is stored")
        let lines = try await other.statuses()
        try expect(Set(lines.map(\.step)) == stored, "with its own status")
    }

    private static func replacesProjection(_ door: any Journal, _ other: any Journal) async throws {
        try await door.append(try await notes(["x"], in: "old", of: door), status: status("old", "x"), under: nil)
        try await door.replaceStatuses([status("b", "2"), status("a", "1")])
        let lines = try await other.statuses()
        try expect(lines == [status("a", "1"), status("b", "2")], "only the new lines")
    }
}
