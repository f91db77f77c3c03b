import Foundation

/// Taking a tenant forward as a release manager does: run, sign what is asked for, go on.
extension Stage {
    /// Runs `cutoverctl` with those words again and again, signing in between, until it ends with 0 or waits for a consent that nobody gives.
    /// Answers the last end.
    @discardableResult
    func forward(
        _ words: String..., tenants: [String] = ["acme"], changing changes: [String: String?] = [:],
        signing: @escaping @Sendable (String) -> Bool = { !$0.contains("archive.purge") }
    ) async throws -> RunningProgram.Ended {
        var last: RunningProgram.Ended?
        for _ in 0..<40 {
            let ended = try await start("cutoverctl", words, changes).ended()
            last = ended
            if ended.code == 0 { return ended }
            try expect(ended.code == 3, "`\(ended.words)` ended with \(ended.code): \(ended.said)")
            if try await sign(tenants, changing: changes, signing) == .onlyWithheld { return ended }
        }
        throw Trouble("forty times was not enough: \(last?.said ?? "")")
    }

    /// As far as the milestone "drop table", with nothing but the archive's consent withheld.
    func forwardToTheDrop() async throws {
        try await forward("run")
        let found = try await status(of: "acme")
        try expect(found.milestone == "drop table", "the run ended at the milestone '\(found.milestone)', \(found.place) is \(found.state)")
    }

    enum Signed { case something, onlyWithheld, nothing }

    /// Types what `why` says is to be typed, where that is a signature, or a look at what was done.
    @discardableResult
    func sign(_ tenants: [String] = ["acme"], changing changes: [String: String?] = [:], _ signing: (String) -> Bool = { !$0.contains("archive.purge") }) async throws -> Signed {
        var found = Signed.nothing
        for tenant in tenants {
            let next = try await why(tenant, changing: changes).next
            let isLook = next.hasPrefix("cutoverctl check ")
            guard isLook || next.hasPrefix("cutoverctl approve ") else { continue }
            guard signing(next) else {
                if found == .nothing { found = .onlyWithheld }
                continue
            }
            for person in next.contains("PERSON") ? ["lead-1", "lead-2"] : ["release-manager"] {
                let words = next.split(separator: " ").dropFirst().map { $0 == "PERSON" ? person : $0 == "TEXT" ? "reviewed with the customer" : String($0) }
                let ended = try await start("cutoverctl", words, changes).ended()
                try expect(ended.code == 0 || isLook && ended.code == 2, "what `why` said to type, `\(ended.words)`, ended with \(ended.code): \(ended.said)")
            }
            found = .something
        }
        return found
    }

    /// All the way back, with the referee agreeing on v1.
    func backToTheStart() async throws {
        try await ctl("revert", "acme", "--to", "start", "--reason", "the customer asked for it", "--confirm", "acme", code: 0)
        let found = try await status(of: "acme")
        try expect(found.state == "reverted", "after the way back the tenant is \(found.state) at \(found.place)")
        try await referee("v1", "acme")
    }
}
