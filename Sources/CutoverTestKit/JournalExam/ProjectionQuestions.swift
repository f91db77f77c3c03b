import Cutover

extension JournalExam {
    static let projectionQuestions = [
        Question("a status is stored with its events, and not without them", storesStatusWithEvents),
        Question("statuses come in order of tenant, the newest of each", ordersStatuses),
        Question("the projection can be replaced as a whole", replacesProjection),
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

    private static func replacesProjection(_ door: any Journal, _ other: any Journal) async throws {
        try await door.append(try await notes(["x"], in: "old", of: door), status: status("old", "x"), under: nil)
        try await door.replaceStatuses([status("b", "2"), status("a", "1")])
        let lines = try await other.statuses()
        try expect(lines == [status("a", "1"), status("b", "2")], "only the new lines")
    }
}
