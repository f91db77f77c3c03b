import Foundation

/// Somebody puts a tenant's database, and then its host, back to an earlier copy: it is quarantined, and goes on when a person takes it in again.
enum PutBack {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise()
        try await stage.forward("advance", "acme", "--to", "A1/backfill.copy", "--wait")
        // From here on nobody writes but we, so what is put back has lost no agent's memory, and the referee can judge it.
        try await stage.lab("agents", "pause", "--root", stage.root)
        let data = try stage.database().texts("SHOW data_directory")[0]
        try await replaced(stage, data, by: data, keeping: "\(stage.folder)/earlier")
        try await goOn(stage, to: "A1/env.wire")
        try await replaced(stage, "\(stage.folder)/earlier", by: data)

        try await isQuarantined(stage, "the database was put back", before: "A1/shadow.watch")
        try await takenIn(stage)
        if stage.all { try await ledgerPutBack(stage) }
        try await stage.lab("agents", "resume", "--root", stage.root)
        try await goOn(stage, to: "A1/shadow.watch")
        try await stage.ctl("check", "acme", code: 0)
        try await stage.referee("v2", "acme")
        if stage.all { try await stage.backToTheStart() }
        try await abandoned(stage)
        try await stage.ctl("journal", "verify", code: 0)
    }

    private static func ledgerPutBack(_ stage: Stage) async throws {
        let host = stage.host("acme")
        let ledger = ["ops", "fence", "tally.json"]
        for name in ledger { try FileManager.default.copyItem(atPath: "\(host)/\(name)", toPath: "\(stage.folder)/\(name)") }
        try await goOn(stage, to: "A1/shadow.watch")
        for name in ledger {
            try FileManager.default.removeItem(atPath: "\(host)/\(name)")
            try FileManager.default.copyItem(atPath: "\(stage.folder)/\(name)", toPath: "\(host)/\(name)")
        }
        try await isQuarantined(stage, "put back to an older state", before: "A2/backfill.verify")
        try await takenIn(stage)
    }

    /// Plugin and server have to find their database again first: what fails meanwhile is asked for once more.
    private static func goOn(_ stage: Stage, to place: String) async throws {
        _ = try await eventually("\(place) is verified", within: 180, pause: 1000) { () -> Bool? in
            let ended = try await stage.ctl("advance", "acme", "--to", place, "--wait")
            try expect([0, 1, 3, 6].contains(ended.code), "`\(ended.words)` ended with \(ended.code): \(ended.said)")
            if ended.code == 3 { try await stage.sign() }
            return ended.code == 0 ? true : nil
        }
    }

    /// Stops PostgreSQL, copies a folder over its data, and starts it again.
    /// - Parameter keeping: where the copy goes, when it is one of the data themselves.
    private static func replaced(_ stage: Stage, _ folder: String, by data: String, keeping copy: String? = nil) async throws {
        try await stage.stopPostgres(SIGINT)
        if copy == nil { try FileManager.default.removeItem(atPath: data) }
        let ended = try await RunningProgram.start("/bin/cp", ["-a", folder, copy ?? data], environment: [:], folder: stage.folder, log: "\(stage.logs)/copied").ended()
        try expect(ended.code == 0, "the copy failed: \(ended.said)")
        try await stage.lab("up", "--root", stage.root, "--no-agents")
    }

    private static func isQuarantined(_ stage: Stage, _ words: String, before place: String) async throws {
        let verified = try await stage.verified()
        try await stage.ctl("advance", "acme", "--to", place, "--wait", code: 3)
        let history = try await stage.history()
        try expect(history.last?.kind == "quarantined", "the last event is \(history.last?.kind ?? "none")")
        let reason = history.last?.facts["reason"] ?? ""
        try expect(reason.contains(words), "it was quarantined because \(reason)")
        let found = try await stage.status(of: "acme")
        try expect(found.state == "quarantined", "the tenant is \(found.state)")
        try await stage.ctl("advance", "acme", code: 3)
        try expect(try await stage.history().map(\.hash) == history.map(\.hash), "quarantined, something was recorded of it")
        try expect(try await stage.verified() == verified, "quarantined, a step was verified")
    }

    /// Given up, it is left alone, and is taken in again, though perhaps not even the program stands there any more.
    private static func abandoned(_ stage: Stage) async throws {
        let before = try await stage.status(of: "acme").state
        try await stage.ctl("abandon", "acme", "--reason", "the customer left", "--as", "lead-1", code: 64)
        try await stage.ctl("abandon", "acme", "--reason", "the customer left", "--confirm", "acme", code: 3)
        try await stage.ctl("abandon", "acme", "A1/env.wire", "--reason", "the customer left", "--confirm", "acme", "--as", "lead-1", code: 3)
        try await stage.ctl("abandon", "acme", "--reason", "the customer left", "--confirm", "acme", "--as", "lead-1", code: 0)
        let told = try await stage.ctl("status", code: 0)
        try expect(told.out.contains("ABANDONED: acme by lead-1"), "status does not tell loudly: \(told.said)")
        try expect(try await stage.status(of: "acme").state == "held", "an abandoned tenant is not held")
        try await stage.ctl("advance", "acme", code: 3)
        try await stage.ctl("adopt", "acme", "--reason", "the customer is back", "--confirm", "acme", code: 0)
        let after = try await stage.status(of: "acme").state
        try expect(after == before, "taken in, it is \(after), and was \(before)")
    }

    /// By what `why` says to type.
    private static func takenIn(_ stage: Stage) async throws {
        let next = try await stage.why().next
        try expect(next == "cutoverctl adopt acme --reason TEXT --confirm acme", "`why` says to type `\(next)`")
        try await stage.ctl("adopt", "acme", code: 64)
        try await stage.ctl("adopt", "acme", "--reason", "restored after a broken disk", "--confirm", "acme", code: 0)
        let found = try await stage.status(of: "acme")
        try expect(found.state != "quarantined", "taken in, it is still quarantined")
    }
}
