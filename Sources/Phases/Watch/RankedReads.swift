import DataPath
import Foundation
import Postgres

/// The same searches of both stores: the plugin is asked at its door, and v1's rows say what it has to answer, ranked as it says it ranks (`ts_rank`
/// over English words, the cosine of two embeddings). Left out is whatever something is under way about: agents write all the time.
///
/// A plugin that is reached over HTTP alone may weigh words its own way, so its words have to come best first and no more; what it knows of agents'
/// edits can't be seen, so of its embeddings those are compared that both stores show.
struct RankedReads {
    /// Scores further apart than this are two.
    static let tolerance = 0.0001
    private static let searches = 3
    /// The plugin shows no more.
    static let most = 100
    /// A search that turned out otherwise is made again: only what stays so differs.
    private static let attempts = 4

    struct Outcome: Sendable {
        /// How many searches could be compared, by words and by embeddings.
        var words = 0
        var embeddings = 0
        var difference: String?
    }

    let plugin: PluginClient
    /// With the tenant's database, joined with the plugin's where that is another.
    let connection: PostgresConnection
    /// Whether the plugin's tables can be read.
    let seesRecords: Bool

    func take() async throws -> Outcome {
        var outcome = Outcome()
        for (namespace, search) in try await chosenWords() + chosenEmbedding() {
            for attempt in 1...Self.attempts {
                guard let comparison = try await compare(namespace, search) else { break }
                guard let difference = comparison.difference else {
                    if case .words = search { outcome.words += 1 } else { outcome.embeddings += 1 }
                    break
                }
                if attempt == Self.attempts {
                    outcome.difference = "\(search) in \(namespace): \(difference)"
                    return outcome
                }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
        return outcome
    }

    // MARK: - Non public

    private enum Search: CustomStringConvertible {
        case words(String)
        /// What lies near the embedding of that memory.
        case near(memory: String, [Double])

        var description: String {
            switch self {
            case .words(let words): "“\(words)”"
            case .near(let memory, _): "the embedding of \(memory)"
            }
        }
    }

    private struct Comparison { let difference: String? }

    /// Two words of a few memories, chosen anew each time, and where those lie. Without the column of v1 the words would have to be taken out of
    /// every text again.
    private func chosenWords() async throws -> [(String, Search)] {
        guard try await has("content_tsv") else { return [] }
        return try await connection.query(
            """
            SELECT p.namespace, (SELECT string_agg(word, ' ') FROM (
                SELECT (regexp_matches(left(m.content, 2000), '[[:alpha:]]{4,}', 'g'))[1] AS word LIMIT 2) found) AS words
            FROM (SELECT id, content FROM public.agent_memories WHERE content NOT LIKE 'cutover-probe%' ORDER BY random() LIMIT $1) m
            JOIN cutover.placed p ON p.id = m.id AND p.state = 'live'
            """, [.int(Self.searches)]
        ).compactMap { row in try row.optionalString("words").map { (try row.string("namespace"), .words($0)) } }
    }

    /// That of one memory, which has a direction at all.
    private func chosenEmbedding() async throws -> [(String, Search)] {
        guard try await has("embedding") else { return [] }
        return try await connection.query(
            """
            SELECT p.namespace, m.id::text AS id, m.embedding::real[]::float8[]::text AS numbers
            FROM public.agent_memories m JOIN cutover.placed p ON p.id = m.id AND p.state = 'live'
            WHERE m.id = (SELECT id FROM public.agent_memories WHERE embedding IS NOT NULL AND content NOT LIKE 'cutover-probe%' ORDER BY random() LIMIT 1)
                AND (m.embedding <=> m.embedding) < 1
            """
        ).map { row in
            let numbers = try row.string("numbers").dropFirst().dropLast().split(separator: ",").compactMap { Double($0) }
            return (try row.string("namespace"), .near(memory: try row.string("id"), numbers))
        }
    }

    private func has(_ column: String) async throws -> Bool {
        try await connection.query(
            "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('public.agent_memories') AND attname = $1 AND NOT attisdropped) AS there", [.text(column)])[0].bool("there")
    }

    /// Nil when nothing could be told of it: v1 changed meanwhile.
    private func compare(_ namespace: String, _ search: Search) async throws -> Comparison? {
        let before = try await promised(namespace, search)
        let answered: [RankedMemory]
        switch search {
        case .words(let words):
            answered = try await plugin.ranked(words, in: namespace).map(\.lowercased)
            if !seesRecords { return Comparison(difference: RankedMemory.disorder(answered, tolerance: Self.tolerance)) }
        case .near(_, let numbers): answered = try await plugin.ranked(numbers, in: namespace).map(\.lowercased)
        }
        let after = try await promised(namespace, search)
        guard before == after, before.allSatisfy({ $0.score?.isFinite ?? false }) else { return nil }
        let (here, there) = (Set(before.map(\.id)), Set(answered.map(\.id)))
        let ids = seesRecords ? here.union(there) : here.intersection(there)
        let judged = ids.subtracting(try await restless(ids.compactMap { UUID(uuidString: $0) }, namespace))
        return Comparison(difference: RankedMemory.difference(before, answered, judging: judged, most: Self.most, tolerance: Self.tolerance))
    }

    private func promised(_ namespace: String, _ search: Search) async throws -> [RankedMemory] {
        let (score, with, filter, parameter): (String, String, String, PostgresValue) =
            switch search {
            case .words(let words): ("ts_rank(m.content_tsv, q)::float8", "plainto_tsquery('english', $2) q,", "m.content_tsv @@ q", .text(words))
            case .near(let memory, _):
                // An order by the distance itself would be answered from the index, which knows it roughly.
                ("1 - (m.embedding <=> near.embedding)", "(SELECT embedding FROM public.agent_memories WHERE id = $2::uuid) near,", "m.embedding IS NOT NULL", .text(memory))
            }
        return try await connection.query(
            """
            SELECT m.id::text AS id, \(score) AS score FROM \(with) public.agent_memories m JOIN cutover.placed p ON p.id = m.id AND p.state = 'live'
            WHERE p.namespace = $1 AND \(filter) ORDER BY score DESC, m.id LIMIT $3
            """, [.text(namespace), parameter, .int(Self.most)]
        ).map { RankedMemory(id: try $0.string("id"), score: try $0.double("score")) }
    }

    /// Those that are looked at, on their way, parked, listed or expired, or that v2 alone knows by now.
    private func restless(_ ids: [UUID], _ namespace: String) async throws -> Set<String> {
        let onItsWay = try await !connection.there("cutover.sent") ? "" : "OR EXISTS (SELECT FROM cutover.sent s WHERE s.id = u.id)"
        let here = try await connection.query(
            """
            SELECT u.id::text AS id FROM unnest($1::uuid[]) u(id)
            WHERE EXISTS (SELECT FROM cutover.change_log l WHERE l.id = u.id) OR EXISTS (SELECT FROM cutover.marker)
                OR EXISTS (SELECT FROM cutover.exceptions e WHERE e.id = u.id AND e.closed IS NULL)
                OR NOT EXISTS (SELECT FROM cutover.placed p WHERE p.id = u.id AND p.state = 'live' AND p.namespace = $2) \(onItsWay)
            """, [.uuids(ids), .text(namespace)])
        guard seesRecords else { return Set(try here.map { try $0.string("id") }) }
        let there = try await SecondDatabase.v2(connection).query(
            """
            SELECT u.id::text AS id FROM unnest($1::uuid[]) u(id)
            WHERE EXISTS (SELECT FROM cutover.change_log l WHERE l.id = u.id)
                OR EXISTS (SELECT FROM memory_plugin.memory_records r WHERE r.id = u.id AND r.expires_at < now() + interval '1 minute')
            """, [.uuids(ids)])
        return Set(try here.map { try $0.string("id") }).union(try there.map { try $0.string("id") })
    }
}
