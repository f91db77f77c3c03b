import Cutover
import Foundation
import Host
import Testing

@testable import Phases

@Suite("secrets of a host") struct RedactionTests {
    private let env = """
        DATABASE_URL=postgresql://acme:pl4nted-db@127.0.0.1:5432/acme
        AUTH_SECRET=pl4nted-auth
        ARCHIVE_KEY="0123456789abcdef0123456789abcdef"
        PROBE_WORKSPACE_TOKEN=pl4nted.token.x
        ADMIN_PASSWORD=pl4nted pass
        SMTP_PASS=pl4nted-smtp
        REDIS_URL=redis://:pl4nted%40redis@127.0.0.1:6379/0
        AWS_CREDENTIALS=pl4nted-aws
        MEMORY_PLUGIN_URL=http://127.0.0.1:9101
        LISTEN_ADDR=127.0.0.1:8080
        """

    private func clean(_ text: String) throws -> String {
        let folder = try Folder()
        return Redaction.of(try folder.host(env: env)).clean(text)
    }

    @Test("no planted secret is left in a text", arguments: [
        "pl4nted-db", "pl4nted-auth", "0123456789abcdef0123456789abcdef", "pl4nted.token.x", "pl4nted pass", "pl4nted-smtp", "pl4nted@redis", "pl4nted%40redis",
        "pl4nted-aws", "postgresql://acme:pl4nted-db@127.0.0.1:5432/acme",
    ])
    func planted(secret: String) throws {
        let cleaned = try clean("it said <\(secret)>, and again \(secret)\(secret)")
        #expect(!cleaned.contains("pl4nted"))
        #expect(!cleaned.contains(secret))
        #expect(cleaned.contains("it said <[secret]>"))
    }

    @Test("what is no secret stays readable")
    func harmless() throws {
        let text = "no answer from http://127.0.0.1:9101, the server listens on 127.0.0.1:8080"
        #expect(try clean(text) == text)
    }

    @Test("without an env file there is nothing to hide, and the text stays")
    func noFile() throws {
        let host = HostSight(tenant: "acme", statePath: "/nonexistent", envPath: "/nonexistent/env")
        #expect(Redaction.of(host).clean("text") == "text")
    }

    @Test("a failure to reach the database tells nothing of its address", arguments: [
        "postgresqlx://acme:pl4nted@127.0.0.1/acme", "postgresql://acme:pl4nted%zz@127.0.0.1/acme", "postgresql://acme:pl4nted@nowhere.invalid/acme",
        "postgresql://acme:pl4nted@127.0.0.1:1/acme",
    ])
    func database(url: String) async throws {
        let folder = try Folder()
        let host = try folder.host(env: "DATABASE_URL=\(url)\n")
        let result = try await HostChecks(minFreeMiB: 0, tables: [.memories]).read(host)
        #expect(result.problems.contains { $0.hasPrefix("the database does not answer") })
        #expect(!"\(result)".contains("pl4nted"))
    }
}
