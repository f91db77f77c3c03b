import Cutover

/// A journal's tables as they came to be, each rung one schema: how it is reached from the one below, and left again for it.
/// A rung that has been released is never changed: journals stand on it.
struct SchemaLadder: Sendable {
    struct Rung: Sendable {
        let version: Int
        let up: [String]
        /// Takes back what `up` made and keeps every event, head and lease. Empty where there is nothing below.
        let down: [String]
    }

    /// From the first schema on, without a gap.
    let rungs: [Rung]

    var newest: Int { rungs.last?.version ?? 0 }

    /// What leads from one schema to another, in order. Nil unless this ladder has both; 0 stands for no tables at all, which nothing goes back to.
    func way(from: Int, to: Int) -> [String]? {
        guard (0...newest).contains(from), (1...newest).contains(to) else { return nil }
        if from <= to { return rungs.filter { $0.version > from && $0.version <= to }.flatMap(\.up) }
        return rungs.filter { $0.version > to && $0.version <= from }.reversed().flatMap(\.down)
    }

    /// Throws `.unreachable` where a journal has a schema that this build does not know.
    /// - Parameter program: the build that took the journal there, where that is on record.
    func requireKnown(_ schema: Int, of place: String, program: String?) throws(JournalError) {
        guard schema > newest else { return }
        let writer = program.map { " (\($0))" } ?? ""
        throw .unreachable("\(place) has schema \(schema), and this build knows \(newest): use the build that wrote it\(writer), or a newer one")
    }
}
