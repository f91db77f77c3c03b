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
        var compared = (words: 0, embeddings: 0)
        for _ in 0..<20 where compared.words == 0 || compared.embeddings == 0 {
            let alike = await Sampler(host, profile).take()
            #expect(alike.verdict == .green, "\(alike.detail)")
            #expect(alike.facts["scoreTolerance"] == "0.0001" && alike.facts["capabilities"]?.contains("fts") == true)
            compared.words += alike.facts["rankedReads"].flatMap { Int($0) } ?? 0
            compared.embeddings += alike.facts["rankedEmbeddings"].flatMap { Int($0) } ?? 0
        }
        #expect(compared.words > 0 && compared.embeddings > 0)

        let connection = try await PostgresConnection.connect(try lab.env().require("DATABASE_URL"), applicationName: "trial")
        let client = try profile.sidecar.client(host)
        for seesRecords in [true, false] {
            #expect(try await RankedReads(plugin: client, connection: connection, seesRecords: seesRecords).take().difference == nil)
        }
        // Not by rows: those would be taken for edits and carried over.
        let turned = "ALTER TABLE memory_plugin.memory_records ALTER COLUMN embedding TYPE vector(1536) USING array_fill(0, ARRAY[1536])::vector(1536) - embedding"
        try await connection.execute(turned)
        for seesRecords in [true, false] {
            let found = try await RankedReads(plugin: client, connection: connection, seesRecords: seesRecords).take().difference ?? "none"
            #expect(found.hasPrefix("the embedding of"), "\(found)")
        }
        try await connection.execute(
            """
            \(turned);
            ALTER TABLE memory_plugin.memory_records DROP COLUMN content_tsv;
            ALTER TABLE memory_plugin.memory_records ADD COLUMN content_tsv tsvector GENERATED ALWAYS AS (setweight(to_tsvector('english', content), 'A')) STORED
            """)
        await connection.close()
        let otherwise = try await firstThatIsNotGreen(host, profile)
        #expect(otherwise.verdict == .safety && otherwise.detail.contains("answer a search differently"), "\(otherwise.detail)")
    }

    /// What is chosen to be searched for may have no English word in it.
    private static func firstThatIsNotGreen(_ host: HostSight, _ profile: SamplingProfile) async throws -> Sampler.Outcome {
        for _ in 0..<20 {
            let outcome = await Sampler(host, profile).take()
            if outcome.verdict != .green { return outcome }
        }
        return await Sampler(host, profile).take()
    }
}
