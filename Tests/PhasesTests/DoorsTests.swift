import Cutover
import CutoverTestKit
import Foundation
import HTTP
import Host
import Phases
import Postgres
import Testing

/// The access diff against the doors themselves: what recall and the list routes really return to every workspace, before and after.
extension StepTrialTests {
    @Test("who gains and loses what by env.wire is what the access diff foretold, to the pair, and the way back's diff is its mirror", .timeLimit(.minutes(10)))
    func doors() async throws {
        let lab = try await LabTenant.up(rows: 240)
        do {
            try await Self.compareDoors(lab)
            try await RankedReadsTrial.run(lab)
        } catch {
            try? await lab.down()
            throw error
        }
        try await lab.down()
    }

    private static func compareDoors(_ lab: LabTenant) async throws {
        let doors = try await Doors(lab)
        let planted = try await doors.plant()
        let transport = lab.transport
        let engine = Engine(
            plan: lab.plan, fleet: lab.fleet, catalog: MemoryCatalog.catalog, journal: MemoryJournal(), time: RealTime(), me: "trial",
            holder: LeaseHolder(name: "doors", seconds: 60, gone: { _ in true })
        ) { _ in transport }
        try await advance(engine, lab.host.id, to: "backfill.copy")
        let before = try await doors.readable(wired: false, planted)
        let foretold = try await pairs(engine, lab.host.id, back: false, planted)
        try await advance(engine, lab.host.id, to: "env.wire")
        let after = try await doors.readable(wired: true, planted)
        #expect(before.count > 40 && !foretold.isEmpty && before != after)
        #expect(Set(foretold.filter(\.gained).map(Doors.Seen.init)) == after.subtracting(before))
        #expect(Set(foretold.filter { !$0.gained }.map(Doors.Seen.init)) == before.subtracting(after))
        // Only what v2 has can be read otherwise after a way back.
        let moved = try await doors.inV2()
        let back = try await pairs(engine, lab.host.id, back: true, planted)
        #expect(Set(back.filter(\.gained).map(Doors.Seen.init)) == before.subtracting(after).filter { moved.contains($0.memory) })
        #expect(Set(back.filter { !$0.gained }.map(Doors.Seen.init)) == after.subtracting(before))
    }

    private static func pairs(_ engine: Engine, _ tenant: TenantID, back: Bool, _ planted: Set<String>) async throws -> [AccessPair] {
        try await engine.ask(AccessPairs(back: back, after: nil, limit: 1_000_000), of: tenant).get().filter { planted.contains($0.memory) }
    }

    private static func advance(_ engine: Engine, _ tenant: TenantID, to step: StepID) async throws {
        for _ in 0..<600 {
            if try await engine.standing(of: tenant).position(of: step) == .verified { return }
            switch try await engine.advance(tenant) {
            case .gated(_, let answers) where answers.contains { $0.claim.contains("reads") }:
                let change = try await engine.ask(AccessChange(), of: tenant).get()
                for side in SignedAccess.Side.allCases {
                    try await engine.approve(tenant, topic: SignedAccess.topic(side), reason: "trial", facts: SignedAccess(side, of: change).facts)
                }
            case .failed(_, let failure): throw LabTenant.Trouble(description: failure.what)
            case .did: break
            default: try await Task.sleep(for: .milliseconds(100))
            }
        }
        throw LabTenant.Trouble(description: "\(step) is not verified")
    }
}

/// Every workspace that is not removed, at every door that shows memories.
private struct Doors {
    /// A reader was shown a memory.
    struct Seen: Hashable, CustomStringConvertible {
        let reader: String
        let memory: String
        var description: String { "\(reader) \(memory)" }
        init(_ reader: String, _ memory: String) { (self.reader, self.memory) = (reader, memory) }
        init(_ pair: AccessPair) { self.init(pair.reader, pair.memory) }
    }

    /// In every planted text and in no other.
    private static let word = "doorknocker"
    private let url: String
    private let server: String
    private let secret: String
    private let http = HTTPClient()

    init(_ lab: LabTenant) async throws {
        let env = try lab.env()
        (url, server, secret) = (try env.require("DATABASE_URL"), try env.require("WORKSPACE_SERVER_URL"), try env.require("AUTH_SECRET"))
    }

    /// One memory of each scope for every workspace, and one of nobody's; the ids.
    func plant() async throws -> Set<String> {
        Set(
            try await rows(
                """
                INSERT INTO agent_memories (workspace_id, content, scope)
                SELECT w.id, format('%s of %s to %s', '\(Self.word)', w.name, s), s FROM workspaces w, unnest(ARRAY['LOCAL', 'TEAM', 'GLOBAL']) s
                UNION ALL SELECT NULL, '\(Self.word) of nobody', 'TEAM' RETURNING id::text AS text
                """))
    }

    func inV2() async throws -> Set<String> { Set(try await rows("SELECT id::text AS text FROM memory_plugin.memory_records")) }

    func readable(wired: Bool, _ planted: Set<String>) async throws -> Set<Seen> {
        var seen: Set<Seen> = []
        for reader in try await rows("SELECT id::text AS text FROM workspaces WHERE status <> 'removed'") {
            var answers = [try await recall(reader)]
            if wired {
                answers.append(try await get(reader, "v2/memories?q=\(Self.word)&limit=100"))
            } else {
                for scope in ["LOCAL", "TEAM", "GLOBAL"] { answers.append(try await get(reader, "memories?scope=\(scope)&q=\(Self.word)&limit=50")) }
            }
            for memory in planted where answers.contains(where: { $0.contains(memory) }) { seen.insert(Seen(reader, memory)) }
        }
        return seen
    }

    private func recall(_ reader: String) async throws -> String {
        let call = #"{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "recall_memory", "arguments": {"query": "\#(Self.word)"}}}"#
        return try await send(reader, "POST", "mcp", Array(call.utf8))
    }

    private func get(_ reader: String, _ path: String) async throws -> String { try await send(reader, "GET", path, nil) }

    private func send(_ reader: String, _ method: String, _ path: String, _ body: [UInt8]?) async throws -> String {
        let token = Digest.sha256("\(secret):\(reader)")
        let answer = try await http.send(
            HTTPRequest(
                method, "\(server)/workspaces/\(reader)/\(path)", headers: ["Authorization": "Bearer \(token)", "Content-Type": "application/json"], body: body))
        guard answer.status == 200 else { throw LabTenant.Trouble(description: "\(method) \(path) answered \(answer.status)") }
        return answer.text
    }

    private func rows(_ sql: String) async throws -> [String] {
        let connection = try await PostgresConnection.connect(url, applicationName: "agent")
        let rows = try await connection.query(sql).map { try $0.string("text") }
        await connection.close()
        return rows
    }
}
