import Cutover
import Foundation
import Host
import Phases
import Postgres
import Testing

@Suite("a plugin that runs over a database which was put back to before it was first started", .serialized) struct SidecarSchemaTests {
    @Test("is found half there, however healthy it says it is, and is started anew by the step that starts it", .timeLimit(.minutes(10)))
    func schemaGone() async throws {
        let lab = try await LabTenant.up(rows: 5)
        do {
            let engine = lab.engine()
            try await lab.advance(engine, past: "sidecar.start")
            let connection = try await PostgresConnection.connect(try lab.env().require("DATABASE_URL"), readOnly: false, applicationName: "trial")
            try await connection.execute("DROP SCHEMA memory_plugin CASCADE")
            guard case .done(let found) = try await engine.reopenDrifted(lab.host.id, reason: "the database was put back") else { throw LabTenant.Trouble(description: "it was not looked at") }
            #expect(found.first { $0.step == "A0/sidecar.start" }?.finding.isInPlace == false)
            try await lab.advance(engine, past: "sidecar.start")
            #expect(try await connection.query("SELECT to_regnamespace('memory_plugin') IS NOT NULL AS there")[0].bool("there"))
            await connection.close()
        } catch {
            try? await lab.down()
            throw error
        }
        try await lab.down()
    }
}
