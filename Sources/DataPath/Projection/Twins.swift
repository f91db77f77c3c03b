/// A commit whose call to the plugin timed out may have reached it all the same; the server then writes it to v1 as well, under another
/// id. Neither row is wrong, so the later one to be looked at is set aside for a person.
///
/// Only rows with an unread entry are asked about: those the copy comes to were made before the plugin had an agent of its own.
extension MemoryProjection {
    /// Both rows are made within the plugin's time limit; the rest is allowance for two slow statements.
    private static let apart = "interval '10 seconds'"

    /// The server's fallback labels a row with its workspace's id. The tool's own v1 commits did so too, before there was a plugin.
    func cameByFallback(_ row: String) -> String { layout.hasLabel ? "(\(row).namespace = \(row).workspace_id::text)" : "false" }
    /// Written to v2 by an agent, not carried there.
    func isAgents(_ row: String) -> String { "(\(row).propagation->'cutover') IS NULL" }

    var came: String {
        """
        CASE WHEN j.action = 'ins1' AND j.agents THEN j.created2 WHEN j.action = 'ins2' AND j.fallback AND j.seqs IS NOT NULL THEN j.created1 END
        """
    }

    /// Once listed, until a person has chosen; else one that is in step already, or one of this same look.
    var twin: String {
        """
        SELECT coalesce(
            CASE WHEN (SELECT EXISTS (SELECT FROM \(listed))) THEN (SELECT x.detail::uuid FROM \(listed) AND x.id = j.id) END,
            CASE WHEN j.action = 'ins2' AND j.fallback AND j.seqs IS NOT NULL THEN coalesce(
                (SELECT p.id FROM \(layout.schema).placed p JOIN \(layout.v2) y ON y.id = p.id
                    WHERE p.namespace = j.target AND p.came \(near("j.created1")) AND p.state = 'live' AND p.id <> j.id
                    AND y.content = j.content1 AND \(isAgents("y")) LIMIT 1),
                CASE WHEN (SELECT bool_or(d.action = 'ins1') FROM judged d) THEN
                    (SELECT d.id FROM judged d WHERE d.action = 'ins1' AND d.agents AND d.namespace = j.target AND d.content2 = j.content1
                        AND d.created2 \(near("j.created1")) LIMIT 1) END)
            WHEN j.action = 'ins1' AND j.agents THEN
                (SELECT p.id FROM \(layout.schema).placed p JOIN \(layout.v1) x ON x.id = p.id
                    WHERE p.namespace = j.namespace AND p.came \(near("j.created2")) AND p.state = 'live' AND p.id <> j.id
                    AND x.content = j.content2 AND \(cameByFallback("x")) LIMIT 1) END) AS id
        WHERE j.action IN ('ins1', 'ins2')
        """
    }

    var twinCandidates: String? {
        """
        SELECT DISTINCT p.id FROM \(layout.v1) m JOIN \(layout.schema).placed p ON p.came \(near(createdAt("m"))) AND p.state = 'live' AND p.id <> m.id
        WHERE m.id = ANY ($1::uuid[]) AND \(cameByFallback("m"))
        """
    }

    private var listed: String { "\(layout.schema).exceptions x WHERE x.closed IS NULL AND x.reason = '\(ExceptionRules.twin)'" }

    private func near(_ moment: String) -> String { "BETWEEN \(moment) - \(Self.apart) AND \(moment) + \(Self.apart)" }
}
