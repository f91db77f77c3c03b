import Cutover
import CutoverTestKit
import Foundation
import ProgramsTestKit
import Testing

@Suite("signed approvals") struct ApprovalTests {
    private static let (ben, cas, eve) = (SigningKey(), SigningKey(), SigningKey())

    private static func world(notExecutor: Bool = false, tenants: [TenantID] = ["acme", "zeta"], revision: Int = 1, journal: MemoryJournal = MemoryJournal()) -> LampWorld {
        let people = [Approver(name: "ben", keys: [ben.verifying]), Approver(name: "cas", keys: [cas.verifying, eve.verifying])]
        let phases = [
            Phase(id: "L0", steps: [LampCatalog.step("lamp.wire", risk: .high), LampCatalog.step("lamp.light")]),
            Phase(id: "L1", steps: [LampCatalog.step("lamp.retire", risk: .high)]),
        ]
        let approvals = Approvals(count: 2, from: ["ben", "cas"], notAuthor: true, notExecutor: notExecutor, validSeconds: 3600, keys: people)
        return LampWorld(
            plan: LampCatalog.plan(revision: revision, approvals: approvals, phases: phases), fleet: Fleet(tenants: tenants.map { LampCatalog.host($0) }),
            journal: journal)
    }

    private let wire = "L0/lamp.wire"

    private func sign(
        _ world: LampWorld, _ person: OperatorID, _ key: SigningKey, tenant: TenantID = "acme", topic: String? = nil, wave: String? = nil, seconds: Int = 3600
    ) async throws -> [String: String] {
        try await world.engine("signing", as: person).approval(
            of: topic ?? wire, for: tenant, wave: wave, expires: world.time.now.adding(seconds: seconds), reason: "agreed", facts: [:]
        ).signed(with: key)
    }

    private func note(_ world: LampWorld, _ person: OperatorID, _ facts: [String: String], tenant: TenantID = "acme", topic: String? = nil, reason: String = "agreed") async throws {
        try await world.engine("noting", as: person).approve(tenant, topic: topic ?? wire, reason: reason, facts: facts)
    }

    /// What the approval gate of the first step says once `ben` agreed rightly.
    private func answer(_ world: LampWorld, tenant: TenantID = "acme") async throws -> String {
        _ = try await world.engine().advance(tenant)
        guard case .gated(_, let shut) = try await world.engine().advance(tenant) else { return "open" }
        return shut.first?.verdict.detail ?? ""
    }

    @Test("two people's signatures open the gate; one person's two keys are one person")
    func two() async throws {
        let world = Self.world()
        try await note(world, "cas", try await sign(world, "cas", Self.cas))
        try await note(world, "cas", try await sign(world, "cas", Self.eve))
        #expect(try await answer(world).hasPrefix("1 of 2 (cas)"))
        try await note(world, "ben", try await sign(world, "ben", Self.ben))
        #expect(try await answer(world) == "open")
    }

    @Test("whoever carries it out does not count where the plan says so")
    func executor() async throws {
        let world = Self.world(notExecutor: true)
        for (person, key) in [("ben" as OperatorID, Self.ben), ("cas", Self.cas)] { try await note(world, person, try await sign(world, person, key)) }
        guard case .did = try await world.engine("x", as: "ben").advance("acme"), case .gated = try await world.engine("x", as: "ben").advance("acme") else {
            Issue.record("ben's own approval counted")
            return
        }
        #expect(try await answer(world) == "open")
    }

    @Test("a word without signature, somebody else's key, a signature moved to other words: none counts, and each is told")
    func forged() async throws {
        let world = Self.world()
        try await note(world, "ben", [:])
        #expect(try await answer(world).contains("that of ben is not signed"))
        let forgeries: [(OperatorID, [String: String], String, String)] = [
            ("ben", try await sign(world, "ben", Self.eve), "agreed", "that of ben is signed with a key that is not theirs"),
            ("ben", try await sign(world, "ben", Self.ben), "agreed to everything", "that of ben bears a signature that is not over"),
            ("cas", try await sign(world, "ben", Self.ben), "agreed", "that of cas is signed with a key that is not theirs"),
            ("eve", try await sign(world, "eve", Self.eve), "agreed", "that of eve is by somebody without a key"),
        ]
        for (person, facts, reason, told) in forgeries {
            let world = Self.world()
            try await note(world, person, facts, reason: reason)
            let said = try await answer(world)
            #expect(said.hasPrefix("0 of 2") && said.contains(told), "\(said)")
        }
        var changed = try await sign(world, "ben", Self.ben)
        changed["expires"] = world.time.now.adding(seconds: 999_999).description
        let other = Self.world()
        try await note(other, "ben", changed)
        #expect(try await answer(other).contains("bears a signature that is not over"))
    }

    @Test("a signature expires, and is for one plan, one attempt and its own tenants")
    func bound() async throws {
        let world = Self.world()
        let facts = try await sign(world, "ben", Self.ben, seconds: 60)
        try await note(world, "ben", facts)
        #expect(try await answer(world).hasPrefix("1 of 2 (ben)"))
        world.time.advance(seconds: 60)
        #expect(try await answer(world).contains("that of ben has expired"))
        // Replayed at another tenant, and under another plan.
        let fresh = try await sign(world, "ben", Self.ben)
        try await note(world, "ben", fresh, tenant: "zeta")
        #expect(try await answer(world, tenant: "zeta").contains("that of ben is for other tenants"))
        let newer = Self.world(revision: 2)
        try await note(newer, "ben", fresh)
        #expect(try await answer(newer).contains("bears a signature that is not over"))
    }

    @Test("after the way back an old signature does not count again, though it is recorded anew")
    func replayed() async throws {
        let world = Self.world()
        var given: [(OperatorID, [String: String])] = []
        for (person, key) in [("ben" as OperatorID, Self.ben), ("cas", Self.cas)] { given.append((person, try await sign(world, person, key))) }
        for (person, facts) in given { try await note(world, person, facts) }
        try await world.engine().go(to: "lamp.wire", world.time)
        try await world.engine().requestRevert("acme", to: nil, reason: "again")
        settling: while true {
            if case .settled = try await world.engine().advance("acme") { break settling }
        }
        try await world.engine().reopen("acme", reason: "once more")
        for (person, facts) in given { try await note(world, person, facts) }
        guard case .gated(_, let shut) = try await world.engine().advance("acme") else {
            Issue.record("a replayed signature counted")
            return
        }
        #expect(shut[0].verdict.detail.contains("that of ben is for another attempt"))
    }

    @Test("one signature over a wave counts for each of its tenants as long as the wave is that list")
    func wave() async throws {
        let world = Self.world()
        for (person, key) in [("ben" as OperatorID, Self.ben), ("cas", Self.cas)] {
            let facts = try await sign(world, person, key, wave: "all")
            for tenant in ["acme", "zeta"] as [TenantID] { try await note(world, person, facts, tenant: tenant) }
        }
        #expect(try await answer(world) == "open")
        let grown = Self.world(tenants: ["acme", "zeta", "late"], journal: world.journal)
        #expect(try await answer(grown, tenant: "zeta").contains("is for other tenants"), "the wave was not frozen, and is another list now")
    }

    @Test("for what destroys, a signature is over the evidence it rests on")
    func evidence() async throws {
        let world = Self.world()
        let early = try await sign(world, "ben", Self.ben, topic: "L1/lamp.retire")
        for (person, key) in [("ben" as OperatorID, Self.ben), ("cas", Self.cas)] { try await note(world, person, try await sign(world, person, key)) }
        try await world.engine().go(to: "lamp.light", world.time)
        try await note(world, "ben", early, topic: "L1/lamp.retire")
        #expect(try await shut(world).contains("that of ben is over other evidence"))
        for (person, key) in [("ben" as OperatorID, Self.ben), ("cas", Self.cas)] {
            try await note(world, person, try await sign(world, person, key, topic: "L1/lamp.retire"), topic: "L1/lamp.retire")
        }
        guard case .did = try await world.engine().advance("acme") else {
            Issue.record("it was not set aside: \(try await shut(world))")
            return
        }
        // The second half comes after the grace: the same signatures carry it.
        try await world.engine().go(to: "lamp.retire", world.time)
    }

    private func shut(_ world: LampWorld) async throws -> String {
        guard case .gated(_, let shut) = try await world.engine().advance("acme") else { return "open" }
        return shut[0].verdict.detail
    }
}

@Suite("keys of OpenSSH's form") struct SigningKeyTests {
    @discardableResult
    private func keygen(_ arguments: String...) async throws -> String {
        let ended = try await EndedProgram.run(["/usr/bin/ssh-keygen"] + arguments)
        return ended.said.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "cutover-keys-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    @Test("ssh-keygen reads what is written")
    func written() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let key = SigningKey()
        let path = folder.appending(path: "key").path
        _ = FileManager.default.createFile(atPath: path, contents: Data(key.file(comment: "lead-1").utf8), attributes: [.posixPermissions: 0o600])
        #expect(try await keygen("-y", "-f", path) == "\(key.verifying) lead-1")
        #expect(try await keygen("-l", "-f", path).contains(key.verifying.fingerprint))
    }

    @Test("what ssh-keygen writes is read, and its signatures fit its public half")
    func read() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "key").path
        try await keygen("-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f", path)
        let key = try SigningKey(file: String(contentsOfFile: path, encoding: .utf8))
        let verifying = try #require(VerifyingKey(try String(contentsOfFile: path + ".pub", encoding: .utf8).trimmingCharacters(in: .newlines)))
        #expect(verifying == key.verifying)
        let signature = try key.sign("words")
        #expect(verifying.isValid(signature, over: "words") && !verifying.isValid(signature, over: "other words"))
    }

    @Test("a key with a passphrase, of another kind, or none at all is refused for what it is")
    func refused() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        func trouble(_ text: String) -> SigningKey.Trouble? {
            do throws(SigningKey.Trouble) { _ = try SigningKey(file: text) } catch { return error }
            return nil
        }
        let (locked, rsa) = (folder.appending(path: "locked").path, folder.appending(path: "rsa").path)
        try await keygen("-q", "-t", "ed25519", "-N", "secret", "-f", locked)
        try await keygen("-q", "-t", "ecdsa", "-N", "", "-f", rsa)
        #expect(try trouble(String(contentsOfFile: locked, encoding: .utf8)) == .encrypted)
        #expect(try trouble(String(contentsOfFile: rsa, encoding: .utf8)) == .otherKind("ecdsa-sha2-nistp256"))
        for text in ["", "key", SigningKey().file(comment: "c").replacing("b3BlbnNz", with: "b3BlbnNa")] { #expect(trouble(text) == .notAKey) }
        for text in ["ssh-rsa AAAA", "ssh-ed25519", "ssh-ed25519 AAAA", ""] { #expect(VerifyingKey(text) == nil) }
    }
}
