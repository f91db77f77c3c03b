import DataPath
import Foundation
import Postgres

/// The same searches of both stores: the plugin is asked at its door, and v1's rows say what it has to answer, ranked as it says it ranks (`ts_rank`
/// over English words). Left out is whatever something is under way about: agents write all the time.
struct RankedReads {
    /// Scores further apart than this are two.
    static let tolerance = 0.0001
    private static let searches = 3
    /// The plugin shows no more.
    private static let most = 100
    /// A search that turned out otherwise is made again: only what stays so differs.
    private static let attempts = 4

    struct Outcome: Sendable {
        /// How many searches could be compared.
        var compared = 0
        var difference: String?
    }

    let plugin: PluginClient
    /// With the tenant's database, joined with the plugin's where that is another.
    let connection: PostgresConnection

    func take() async throws -> Outcome {
        var outcome = Outcome()
        // Without the column of v1 the words would have to be taken out of every text again.
        guard try await connection.query(
            "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('public.agent_memories') AND attname = 'content_tsv' AND NOT attisdropped) AS there")[0].bool("there")
        else { return outcome }
        for (namespace, words) in try await chosen() {
            for attempt in 1...Self.attempts {
                guard let difference = try await compare(namespace, words) else { break }
                if let difference = difference.text, attempt == Self.attempts {
                    outcome.difference = "“\(words)” in \(namespace): \(difference)"
                    return outcome
                }
                if difference.text == nil {
                    outcome.compared += 1
                    break
                }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
        return outcome
    }

    // MARK: - Non public

    private struct Difference { let text: String? }

    /// Two words of a few memories, chosen anew each time, and where those lie.
    private func chosen() async throws -> [(String, String)] {
        try await connection.query(
            """
            SELECT p.namespace, (SELECT string_agg(word, ' ') FROM (
                SELECT (regexp_matches(left(m.content, 2000), '[[:alpha:]]{4,}', 'g'))[1] AS word LIMIT 2) found) AS words
            FROM (SELECT id, content FROM public.agent_memories WHERE content NOT LIKE 'cutover-probe%' ORDER BY random() LIMIT $1) m
            JOIN cutover.placed p ON p.id = m.id AND p.state = 'live'
            """, [.int(Self.searches)]
        ).compactMap { row in try row.optionalString("words").map { (try row.string("namespace"), $0) } }
    }

    /// Nil when nothing could be told of it: v1 changed meanwhile, or too much is found.
    private func compare(_ namespace: String, _ words: String) async throws -> Difference? {
        let before = try await promised(namespace, words)
        let answered = try await plugin.ranked(words, in: namespace).map { RankedMemory(id: $0.id.lowercased(), score: $0.score) }
        let after = try await promised(namespace, words)
        guard before == after, before.count < Self.most, answered.count < Self.most else { return nil }
        let ids = Set((before + answered).map(\.id))
        let judged = ids.subtracting(try await restless(ids.compactMap { UUID(uuidString: $0) }, namespace))
        return Difference(text: RankedMemory.difference(before, answered, judging: judged, tolerance: Self.tolerance))
    }

    private func promised(_ namespace: String, _ words: String) async throws -> [RankedMemory] {
        try await connection.query(
            """
            SELECT m.id::text AS id, ts_rank(m.content_tsv, q)::float8 AS score
            FROM plainto_tsquery('english', $2) q, public.agent_memories m JOIN cutover.placed p ON p.id = m.id AND p.state = 'live'
            WHERE p.namespace = $1 AND m.content_tsv @@ q ORDER BY score DESC, m.id LIMIT $3
            """, [.text(namespace), .text(words), .int(Self.most)]
        ).map { RankedMemory(id: try $0.string("id"), score: try $0.double("score")) }
    }

    /// Those that are looked at, parked, listed or expired, or that v2 alone knows by now.
    private func restless(_ ids: [UUID], _ namespace: String) async throws -> Set<String> {
        let here = try await connection.query(
            """
            SELECT u.id::text AS id FROM unnest($1::uuid[]) u(id)
            WHERE EXISTS (SELECT FROM cutover.change_log l WHERE l.id = u.id) OR EXISTS (SELECT FROM cutover.marker)
                OR EXISTS (SELECT FROM cutover.exceptions e WHERE e.id = u.id AND e.closed IS NULL)
                OR NOT EXISTS (SELECT FROM cutover.placed p WHERE p.id = u.id AND p.state = 'live' AND p.namespace = $2)
            """, [.uuids(ids), .text(namespace)])
        let there = try await SecondDatabase.v2(connection).query(
            """
            SELECT u.id::text AS id FROM unnest($1::uuid[]) u(id)
            WHERE EXISTS (SELECT FROM cutover.change_log l WHERE l.id = u.id)
                OR EXISTS (SELECT FROM memory_plugin.memory_records r WHERE r.id = u.id AND r.expires_at < now() + interval '1 minute')
            """, [.uuids(ids)])
        return Set(try here.map { try $0.string("id") }).union(try there.map { try $0.string("id") })
    }
}
