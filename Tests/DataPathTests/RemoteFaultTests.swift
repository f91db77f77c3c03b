import DataPath
import Foundation
import Postgres
import Testing

/// Whatever the plugin does: nothing is said to lie there that does not, and once it is well again everything does.
@Suite("a plugin that misbehaves", .serialized, .timeLimit(.minutes(10))) struct RemoteFaultTests {
    private static let writes = #""of": ["POST /v1/namespaces"]"#

    @Test(
        "nothing is placed that is not there, and all is once the plugin is well again",
        arguments: [
            #"{"mode": "stall", \#(writes), "rate": 0.3}"#, #"{"mode": "broken", "rate": 0.3}"#,
            #"{"mode": "truncate", \#(writes), "rate": 0.5}"#,
            #"{"mode": "truncate-json", "of": ["POST /v1/search"]}"#, #"{"mode": "busy", "seconds": 0.1, "rate": 0.6}"#,
            #"{"mode": "late", \#(writes), "seconds": 0.2}"#, #"{"mode": "late", \#(writes), "seconds": 0.25, "rate": 0.4}"#,
        ])
    func faults(fault: String) async throws {
        let remote = try await RemoteStage.make(mode: .copy, late: 0.35, timeout: 0.15)
        let ids = try await rows(remote, 12)
        try remote.plugin.misbehave(fault)
        try await work(remote, seconds: 0.8)
        // Agents go on meanwhile.
        try await remote.stage.edit(1, ids[3], "edited in the meantime")
        try await remote.stage.forget(1, ids[4])
        try await work(remote, seconds: 0.6)
        try remote.plugin.misbehave(nil)
        #expect(try await remote.falselyPlaced().filter { $0 != ids[3].lowercased && $0 != ids[4].lowercased }.isEmpty)
        try await remote.settle()
        #expect(try await remote.falselyPlaced().isEmpty)
        #expect(try await remote.stage.reasons().isEmpty)
        #expect(try await remote.count("cutover.placed WHERE state = 'live'") == 11)
        #expect(Set(try await remote.shown()) == Set(try await remote.stage.agent.query("SELECT content FROM agent_memories").map { try $0.string("content") }))
    }

    @Test("a plugin that answers 201 without storing: nothing is placed, every row is listed")
    func lies() async throws {
        let remote = try await RemoteStage.make(mode: .copy)
        let ids = try await rows(remote, 8)
        try await remote.plugin.ask("PUT", "/v1/namespaces/\(RemoteStage.child)", #"{"kind":"workspace"}"#)
        try remote.plugin.misbehave(#"{"mode": "lie"}"#)
        try await remote.settle()
        #expect(try await remote.count("cutover.placed WHERE state = 'live'") == 0)
        #expect(try await remote.stage.reasons() == [ExceptionRules.notStored: ids.count])
        // One of them is forgotten before the plugin is mended: it must not come back.
        try remote.plugin.misbehave(nil)
        try await remote.stage.forget(1, ids[0])
        #expect(try await ExceptionRules.tryAgain(remote.stage.ours) == ids.count)
        try await remote.settle()
        #expect(try await remote.count("cutover.placed WHERE state = 'live'") == ids.count - 1)
        #expect(try await remote.falselyPlaced().isEmpty)
        #expect(try await remote.stage.reasons().isEmpty)
    }

    @Test("one row that the plugin refuses is listed alone; the others are placed")
    func refused() async throws {
        let remote = try await RemoteStage.make(mode: .copy)
        _ = try await rows(remote, 5)
        // Three numbers are an embedding here.
        try await remote.stage.agent.execute("ALTER TABLE agent_memories ALTER embedding TYPE vector")
        let id = try await remote.stage.add1("of another kind")
        try await remote.stage.agent.query("UPDATE agent_memories SET embedding = '[1,2]' WHERE id = $1", [.uuid(id)])
        try await remote.settle()
        #expect(try await remote.stage.reasons() == ["refused-by-plugin": 1])
        #expect(try await remote.count("cutover.placed WHERE state = 'live'") == 5)
    }

    @Test("a plugin that is killed in the middle of the copy and comes back has everything in the end")
    func killed() async throws {
        let remote = try await RemoteStage.make(mode: .copy)
        _ = try await rows(remote, 300)
        try await work(remote, seconds: 0.25)
        remote.plugin.kill()
        try await work(remote, seconds: 0.5)
        let again = try SecondPlugin(port: remote.plugin.port, folder: remote.plugin.folder)
        try await remote.settle()
        #expect(try await remote.count("cutover.placed WHERE state = 'live'") == 300)
        #expect(try await again.shown(RemoteStage.child).count == 100)
        withExtendedLifetime(again) {}
    }

    @Test("a writer that dies with requests in the air: what it sent and v1 forgot meanwhile does not stay in the plugin", arguments: 0..<4)
    func writerDies(seed: Int) async throws {
        let remote = try await RemoteStage.make(mode: .copy)
        let ids = try await rows(remote, 40)
        try remote.plugin.misbehave(#"{"mode": "late", \#(Self.writes), "seconds": 0.2, "rate": 0.3}"#)
        try await work(remote, seconds: 0.1 + Double(seed) * 0.1)
        await remote.writer.stop()
        for id in ids.prefix(20) { try await remote.stage.forget(1, id) }
        try remote.plugin.misbehave(nil)
        let next = try await RemoteStage.writer(remote.stage, remote.plugin)
        try await next.start()
        try await remote.settle(next)
        #expect(try await remote.shown().count == 20)
        #expect(try await remote.falselyPlaced().isEmpty)
        await next.stop()
    }

    private func rows(_ remote: RemoteStage, _ count: Int) async throws -> [UUID] {
        var ids: [UUID] = []
        for number in 0..<count {
            ids.append(try await remote.stage.add1("row \(number) of \(UUID().lowercased.filter(\.isLetter))x"))
        }
        return ids
    }

    private func work(_ remote: RemoteStage, seconds: Double) async throws {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            if try await remote.writer.step().idle { try await Task.sleep(for: .milliseconds(5)) }
        }
    }
}
