import DataPath
import Foundation
import Postgres
import Testing

@Suite("Changes since the freeze", .serialized)
struct ChangesSinceTests {
    private static let v2 = "memory_plugin.memory_records"

    private func frozen(_ rows: Int) async throws -> (Stage, [UUID]) {
        let stage = try await Stage.make()
        for number in 0..<rows { try await stage.add1("memory \(number)") }
        try await stage.settle()
        _ = try await Freeze().freeze(stage.ours)
        return (stage, try await stage.ours.query("SELECT id FROM cutover.frozen ORDER BY id").map { try $0.uuid("id") })
    }

    private func compare(_ stage: Stage, _ limits: ChangesSince.Limits = .init(bulkForget: 3)) async throws -> ParityReport {
        try await Parity(limits: limits).compare(stage.ours, against: .frozen)
    }

    @Test("what the plugin's own role does is told apart, by role and transaction, and wants no signature")
    func ordinary() async throws {
        let (stage, ids) = try await frozen(10)
        try await stage.agent.execute("DELETE FROM \(Self.v2) WHERE id IN ('\(ids[0])', '\(ids[1])'); UPDATE \(Self.v2) SET content = 'x' WHERE id = '\(ids[2])'")
        try await stage.add2("new")
        let report = try await compare(stage)
        #expect(report.clean)
        #expect(report.forgottenSince == 2 && report.editedSince == 1 && report.addedSince == 1 && report.equal == 7)
        let changes = try #require(report.changes)
        #expect(changes.red == [])
        #expect(changes.roles.map(\.role) == ["postgres"])
        #expect(changes.roles.first?.transactions == 2 && changes.roles.first?.forgets == 2 && changes.roles.first?.largestForget == 2)
    }

    @Test("a bulk delete is red until exactly it is signed")
    func bulk() async throws {
        let (stage, ids) = try await frozen(10)
        try await stage.agent.execute("DELETE FROM \(Self.v2) WHERE id IN (\(ids.prefix(4).map { "'\($0)'" }.joined(separator: ",")))")
        let changes = try #require(try await compare(stage).changes)
        #expect(changes.red.map(\.kind) == [.bulkForget])
        #expect(changes.red.first?.rows == 4 && changes.red.first?.transactions == 1)
        let signed = ["bulk-forget": try #require(changes.red.first).digest]
        #expect(changes.unsigned(signed).isEmpty && changes.unsigned([:]).count == 1)
        try await stage.agent.execute("DELETE FROM \(Self.v2) WHERE id IN (\(ids.suffix(4).map { "'\($0)'" }.joined(separator: ",")))")
        let more = try #require(try await compare(stage).changes)
        #expect(more.unsigned(signed).map(\.transactions) == [2])
    }

    @Test("a foreign role is red, whether it logged in or was put on, unless the plan names it")
    func foreign() async throws {
        let (stage, ids) = try await frozen(10)
        let role = "r" + UUID().lowercased.replacing("-", with: "")
        try await stage.agent.execute("CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA memory_plugin TO \(role); GRANT ALL ON \(Self.v2) TO \(role)")
        try await stage.agent.execute("SET ROLE \(role); UPDATE \(Self.v2) SET content = 'x' WHERE id = '\(ids[0])'; RESET ROLE")
        let other = try await PostgresConnection.connect(stage.url.replacing("postgres@", with: "\(role)@"))
        try await other.execute("UPDATE \(Self.v2) SET content = 'y' WHERE id = '\(ids[1])'")
        await other.close()
        let report = try await compare(stage)
        #expect(report.editedSince == 2)
        #expect(report.changes?.red.map(\.kind) == [.foreignRole])
        #expect(report.changes?.red.first?.transactions == 2)
        #expect(report.changes?.roles.map(\.role) == ["postgres/\(role)", role])
        #expect(try await compare(stage, .init(roles: [role, "postgres/\(role)"])).changes?.red == [])
        try await stage.agent.execute("DROP OWNED BY \(role); DROP ROLE \(role)")
    }

    @Test("a TRUNCATE of v2 explains nothing by itself")
    func truncated() async throws {
        let (stage, _) = try await frozen(10)
        try await stage.agent.execute("TRUNCATE \(Self.v2)")
        let report = try await compare(stage)
        #expect(report.truncatedSince == 10 && report.missingCount == 0)
        #expect(report.changes?.red.map(\.kind) == [.truncate])
    }

    @Test("a row that v2 got back without anybody's entry is told from one that an agent wrote anew")
    func resurrected() async throws {
        let (stage, ids) = try await frozen(4)
        let gone = try await stage.add2("again", id: UUID())
        try await stage.plant("INSERT INTO cutover.placed (id, state) VALUES ('\(gone)', 'gone'); DELETE FROM cutover.change_log WHERE id = '\(gone)'")
        let anew = UUID()
        try await stage.plant("INSERT INTO cutover.placed (id, state) VALUES ('\(anew)', 'gone')")
        try await stage.add2("anew", id: anew)
        try await stage.plant("UPDATE \(Self.v2) SET kind = 'summary' WHERE id = '\(ids[0])'; UPDATE \(Self.v2) SET namespace = 'workspace:\(Stage.child.lowercased)', content = 'silent' WHERE id = '\(ids[1])'")
        let report = try await compare(stage)
        #expect(report.resurrected == [gone] && report.addedSince == 1 && report.extraCount == 0)
        #expect(report.different == [.init(id: ids[0], fields: ["kind"]), .init(id: ids[1], fields: ["digest"])])
    }
}
