/// A place in the order in which a journal's events were appended. What it says is its journal's own business.
public struct JournalMark: Sendable, Codable, Hashable {
    public let text: String
    public init(_ text: String) { self.text = text }
}

/// What came into a journal since a mark.
public struct JournalNews: Sendable, Equatable {
    public let streams: Set<StreamID>
    public let mark: JournalMark
    /// No other stream is there: nobody had read any before, or the journal was put back since.
    public let isAll: Bool
    public init(streams: Set<StreamID>, mark: JournalMark, isAll: Bool) {
        self.streams = streams
        self.mark = mark
        self.isAll = isAll
    }
}

extension Journal {
    /// For a journal that has no quicker way: all streams may have moved.
    public func news(since mark: JournalMark?) async throws(JournalError) -> JournalNews {
        JournalNews(streams: Set(try await streams()), mark: JournalMark("0"), isAll: true)
    }

    /// For a journal that has no quicker way: reads all of it.
    public func lines(of tenants: Set<TenantID>?) async throws(JournalError) -> [TenantLine] {
        let lines = try await statuses()
        let heads = Dictionary(try await records().heads.map { ($0.stream, $0) }) { first, _ in first }
        return lines.compactMap { line in
            guard tenants?.contains(line.tenant) ?? true, let head = heads[StreamID(line.tenant)] else { return nil }
            return TenantLine(status: line, head: head)
        }
    }

    /// For a journal that has no quicker way: reads all of it.
    public func appended(since mark: JournalMark?, limit: Int) async throws(JournalError) -> (events: [EventRecord], mark: JournalMark) {
        let all = try await records().records
        // A journal that was put back to an older state is begun with anew.
        var from = mark.flatMap { Int($0.text) } ?? 0
        if from > all.count { from = 0 }
        let events = Array(all.dropFirst(from).prefix(limit))
        return (events, JournalMark(String(from + events.count)))
    }
}
