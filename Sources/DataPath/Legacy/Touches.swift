/// What the engine and the freeze have counted of a frozen table, as `Drop.touches` tells it, at two moments.
///
/// The engine's counters begin anew with a crash and with a reset, and the number of refused writes, a sequence, may jump in a crash. Both are told
/// together with since when the engine has counted: across another beginning nothing can be said of the time between.
public enum Touches {
    public enum Change: Sendable, Equatable {
        case none
        /// Somebody read or wrote it, or tried to.
        case touched(String)
        /// The engine counts anew: whatever was done meanwhile may be lost.
        case countsAnew
    }

    /// Since when the engine has counted, in microseconds: its own start, a crash that it came back from by itself, or a reset.
    public static let sinceSQL = """
        (SELECT (extract(epoch FROM greatest(pg_postmaster_start_time(), (SELECT stats_reset FROM pg_stat_wal),
            (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()))) * 1000000)::bigint)
        """

    private struct Count {
        let table: String
        let since: String
        let counters: [Int]
        let refused: Int

        init?(_ text: String) {
            let words = text.split(separator: " ").map(String.init)
            guard words.count == 4, words[1].hasPrefix("since="), words[3].hasPrefix("refused=") else { return nil }
            let counters = words[2].split(separator: "/").map { Int($0) }
            guard counters.count == 5, !counters.contains(nil), let refused = Int(words[3].dropFirst(8)) else { return nil }
            (table, since) = (words[0], words[1])
            (self.counters, self.refused) = (counters.compactMap { $0 }, refused)
        }
    }

    /// A table that was renamed begins anew: the rename was ours, and read every row.
    public static func change(from before: String, to now: String) -> Change {
        if before == now { return .none }
        guard let first = Count(before), let second = Count(now) else { return before.prefix { $0 != " " } == now.prefix { $0 != " " } ? .countsAnew : .none }
        guard first.table == second.table else { return .none }
        let grew = zip(first.counters, second.counters).allSatisfy { $0 <= $1 }
        if grew, first.counters != second.counters { return .touched("somebody read or wrote v1: its counters went from \(before) to \(now)") }
        if first.since != second.since || !grew { return .countsAnew }
        return .touched("somebody tried to write v1: \(second.refused - first.refused) more writes were refused")
    }
}
