import Foundation

/// The control plane knows what runs where: its row comes and goes with the plugin, and what it lists is held against the fleet file.
enum ControlPlaneBooks {
    private struct Drift: Decodable {
        struct Difference: Decodable, Equatable {
            let tenant: String?
            let what: String
        }
        let formatVersion: Int
        let drift: [Difference]
    }

    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(tenants: 2, agents: false)
        let books = try Database(url: try EnvText("\(stage.root)/control-plane/env").require("DATABASE_URL"))
        try await row(stage, books)
        try await drift(stage, books)
        try await imported(stage, books)
    }

    private static func expectRow(_ state: String, _ books: Database, _ when: String) throws {
        let found = try books.texts("SELECT r.state FROM tenant_resources r JOIN organizations o ON o.id = r.tenant_id WHERE o.slug = 'acme' AND r.kind = 'memory_plugin'")
        try expect(found == [state], "\(when) the row says \(found)")
    }

    private static func row(_ stage: Stage, _ books: Database) async throws {
        // A tenant that the control plane does not know is not begun.
        try books.rows("UPDATE organizations SET slug = 'acme-before' WHERE slug = 'acme'")
        try await stage.ctl("advance", "acme", "--to", "A0/sidecar.start", code: 1)
        try expect(try await stage.why().answer.contains("no organisation acme"), "why does not say that the control plane does not know the tenant")
        try expect(try await stage.labStatus().tenants.allSatisfy { $0.plugin == "down" }, "the plugin was started all the same")
        try books.rows("UPDATE organizations SET slug = 'acme' WHERE slug = 'acme-before'")

        try await stage.ctl("advance", "acme", "--to", "A0/sidecar.start", code: 0)
        try expectRow("active", books, "after the start")
        try await stage.ctl("check", "acme", code: 0)
        try books.rows("DELETE FROM tenant_resources WHERE kind = 'memory_plugin'")
        let checked = try await stage.ctl("check", "acme", code: 2)
        try expect(checked.out.contains("tenant_resources"), "check does not miss the row: \(checked.said)")
        try await stage.ctl("check", "acme", "--reopen", "--reason", "the row was lost", code: 2)
        try await stage.ctl("advance", "acme", "--to", "A0/sidecar.start", code: 0)
        try expectRow("active", books, "done anew")

        try await stage.ctl("revert", "acme", "--to", "A0/host.prepare", code: 0)
        try expectRow("deleted", books, "after the way back")
        let secret = try EnvText("\(stage.root)/control-plane/env").require("DATABASE_URL")
        let told = try await stage.ctl("history", "acme", "--json", code: 0).out + String(contentsOfFile: stage.fleet, encoding: .utf8)
        try expect(!told.contains(secret) && !told.contains(secret.split(separator: ":")[2].split(separator: "@")[0]), "the control plane's credentials were told")
    }

    private static func drift(_ stage: Stage, _ books: Database) async throws {
        try await stage.ctl("fleet", "check", code: 0)
        try books.rows("UPDATE org_instances SET hostname = 'elsewhere.lab' WHERE hostname = 'acme.lab'")
        try books.rows("DELETE FROM org_instances WHERE hostname = 'globex.lab'")
        try books.rows("INSERT INTO organizations VALUES ('00000000-0000-4000-8000-000000000001', 'umbrella', 'Umbrella')")
        try books.rows("INSERT INTO org_instances (org_id, instance_id, hostname, status) VALUES ('00000000-0000-4000-8000-000000000001', 'i-00000001', 'umbrella.lab', 'running')")
        let found: Drift = try await stage.ctl("fleet", "check", "--json", code: 2).answer()
        try expect(found.formatVersion == 1, "the answer has no version")
        let seen = Set(found.drift.map { "\($0.tenant ?? "-") \($0.what)" })
        try expect(seen == ["acme another-host", "globex not-listed", "umbrella not-in-fleet"], "the drift is told as \(seen)")
        try await stage.ctl("fleet", "check", "acmee", code: 1)

        try books.rows("UPDATE org_instances SET hostname = 'acme.lab' WHERE hostname = 'elsewhere.lab'")
        try await stage.ctl("fleet", "check", "acme", code: 0)
    }

    /// An empty list is an error, whichever way it is asked for; a fleet file is filled from the books alone.
    private static func imported(_ stage: Stage, _ books: Database) async throws {
        let text = try String(contentsOfFile: stage.fleet, encoding: .utf8)
        guard let hosts = text.range(of: "hosts:") else { throw Trouble("the lab's fleet file lists no control plane") }
        let bare: [String: String?] = ["CUTOVER_FLEET": try stage.file("hosts.yaml", String(text[hosts.lowerBound...]))]
        let env = "\(stage.root)/tenants/TENANT/env"
        let written = "\(stage.folder)/imported.yaml"
        try await stage.ctl("fleet", "import", "--transport", "local", "--env", env, "--label", "env=lab", "-o", written, code: 0, changing: bare)
        try await stage.ctl("fleet", "check", code: 2, changing: bare.merging(["CUTOVER_FLEET": stage.fleet]) { _, new in new })
        try await stage.ctl("fleet", "check", code: 0, changing: ["CUTOVER_FLEET": written])
        let fleet = try String(contentsOfFile: written, encoding: .utf8)
        try expect(fleet.contains("id: umbrella") && fleet.contains("id: acme") && !fleet.contains("globex"), "imported was: \(fleet)")
        // Who is in the file already stays as he is.
        let merged = try await stage.ctl("fleet", "import", "--transport", "local", "--env", env, code: 2)
        try expect(merged.out.contains("lab-canary") && merged.out.contains("globex") && merged.err.contains("globex: not-listed"), "merged was: \(merged.said)")
        try await stage.ctl("fleet", "import", "hooli", "--transport", "local", "--env", env, code: 1, changing: bare)
        try books.rows("DELETE FROM org_instances")
        try await stage.ctl("fleet", "import", "--transport", "local", "--env", env, code: 1, changing: bare)
        try await stage.ctl("fleet", "check", code: 1)
    }
}
