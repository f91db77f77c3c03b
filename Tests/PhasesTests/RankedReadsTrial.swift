import Cutover
import Host
import Postgres
import Testing

@testable import Phases

/// A sample of a tenant of the lab that is wired, and of the same whose plugin ranks otherwise.
enum RankedReadsTrial {
    static func run(_ lab: LabTenant) async throws {
        let host = HostSight(tenant: lab.host.id, statePath: lab.state, envPath: lab.host.env)
        let profile = SamplingProfile(
            kind: .shadow, table: .memories, everySeconds: 1, marker: "trial", sidecar: Sidecar(program: "env:PLUGIN_COMMAND", listen: "env:PLUGIN_LISTEN", healthSeconds: 20))
        // What was chosen may have no English word in it, or be under way.
        var compared = 0
        for _ in 0..<20 where compared == 0 {
            let alike = await Sampler(host, profile).take()
            #expect(alike.verdict == .green, "\(alike.detail)")
            #expect(alike.facts["scoreTolerance"] == "0.0001" && alike.facts["capabilities"]?.contains("fts") == true)
            compared = alike.facts["rankedReads"].flatMap { Int($0) } ?? 0
        }
        #expect(compared > 0)

        let connection = try await PostgresConnection.connect(try lab.env().require("DATABASE_URL"), applicationName: "trial")
        try await connection.execute(
            """
            ALTER TABLE memory_plugin.memory_records DROP COLUMN content_tsv;
            ALTER TABLE memory_plugin.memory_records ADD COLUMN content_tsv tsvector GENERATED ALWAYS AS (setweight(to_tsvector('english', content), 'A')) STORED
            """)
        await connection.close()
        var otherwise = await Sampler(host, profile).take()
        for _ in 0..<20 where otherwise.verdict == .green { otherwise = await Sampler(host, profile).take() }
        #expect(otherwise.verdict == .safety && otherwise.detail.contains("answer a search differently"), "\(otherwise.detail)")
    }
}
