import DataPath
import Foundation
import Postgres
import Testing

/// From every point of the way, v1 regains what agents wrote, edited and forgot, while they go on writing.
@Suite("The way back", .serialized)
struct WayBackTests {
    enum Point: String, CaseIterable, Sendable { case halfCopied, copied, wired, frozen, held, dropped }

    /// What agents did, each to memories of its own: the last text, or nil for forgotten.
    private actor Account {
        var texts: [UUID: String?] = [:]
        func say(_ id: UUID, _ text: String?) { texts[id] = .some(text) }
        func take(_ number: Int) -> [UUID] { texts.filter { $0.value != nil }.keys.sorted { $0.uuidString < $1.uuidString }.enumerated().filter { $0.offset % 3 == number }.map(\.element) }
    }

    /// Nobody's: what an agent of v2 made of its fields is looked at in the end.
    private static let special = UUID()
    /// Pinned in v2, and forgotten in v1 while nothing keeps the stores in step.
    private static let pinned = UUID()
    private static let key = [UInt8](repeating: 7, count: 32)

    @Test("v1 has all of both eras, the rest is kept whole, and a redo brings everything to v2 again", arguments: Point.allCases)
    func regains(point: Point) async throws {
        let seed = UInt64.random(in: 0...9999)
        print("way back from \(point): seed \(seed)")
        let stage = try await Stage.make(capture: false)
        let account = Account()
        for number in 0..<60 { await account.say(try await stage.add1("before \(number)", scope: number % 3 == 0 ? "TEAM" : "LOCAL"), "before \(number)") }
        try await stage.add1("special", id: Self.special)
        try await stage.add1("pinned", id: Self.pinned)
        let unplaced = try await stage.add1("global of a child", scope: "GLOBAL")
        try await Capture().install(stage.ours)
        try await Control.restartCopy(fence: 0, chunkRows: point == .halfCopied ? 5 : 50, stage.ours)
        try await stage.writer.start()
        if point == .halfCopied {
            _ = try await stage.writer.step()
            try await work(on: [1], stage, account, seed)
        } else {
            try await together(stage) { try await work(on: [1], stage, account, seed) }
            try await stage.settle()
        }
        var alone: UUID?
        if point != .halfCopied, point != .copied { alone = try await secondEra(until: point, stage, account, seed) }
        let taken = try await backToV1(from: point, stage, account, seed)
        try await requireAll(stage, account, side: 1)
        #expect(try await stage.text(1, unplaced) == "global of a child")
        #expect(taken.left == (alone == nil ? 0 : 1))
        try await redo(stage, account, alone)
    }

    // MARK: - Eras

    /// Agents on both doors, then on v2 alone once v1 is closed, as far as the point.
    private func secondEra(until point: Point, _ stage: Stage, _ account: Account, _ seed: UInt64) async throws -> UUID {
        try await together(stage) { try await work(on: [2, 2, 1], stage, account, seed &+ 1) }
        let alone = try await stage.add2("nowhere in v1", namespace: "custom:mine")
        try await stage.settle()
        try await stage.agent.execute(
            "UPDATE memory_plugin.memory_records SET kind = 'summary', pin = true, source = 'user', expires_at = '2099-01-01', propagation = '{\"k\": 1}' WHERE id = '\(Self.special)'; UPDATE memory_plugin.memory_records SET pin = true WHERE id = '\(Self.pinned)'")
        try await stage.agent.execute("UPDATE memory_plugin.memory_namespaces SET metadata = '{\"m\": 1}', expires_at = '2098-01-01' WHERE name = 'custom:mine'")
        try await stage.settle()
        guard point != .wired else { return alone }
        _ = try await Freeze().freeze(stage.ours)
        try await work(on: [2], stage, account, seed &+ 2)
        guard point != .frozen else { return alone }
        if point == .dropped { _ = try await Archive().export(stage.ours, to: DirectoryPlace(vault(stage)), sealedTo: [.shared(Self.key)], label: "acme") }
        _ = try await Drop().hold(stage.ours, date: .now, opID: "abcdef0123")
        try await work(on: [2], stage, account, seed &+ 3)
        if point == .dropped {
            _ = try await Drop().drop(stage.ours)
            try await work(on: [2], stage, account, seed &+ 4)
        }
        return alone
    }

    private func backToV1(from point: Point, _ stage: Stage, _ account: Account, _ seed: UInt64) async throws -> TakeAway.Report {
        if point == .held || point == .dropped {
            let source = try await Drop().undrop(stage.ours, archive: (DirectoryPlace(vault(stage)), .shared(Self.key))).source
            #expect(source == (point == .held ? .hold : .archive))
        }
        if ![.halfCopied, .copied, .wired].contains(point) {
            _ = try await Freeze().unfreeze(stage.ours)
            try await Control.set(.sync, fence: 0, stage.ours)
        }
        // Agents are served from v1 again before the copy is taken away, and do not wait for it.
        if point != .halfCopied { try await stage.settle() }
        async let agents: Void = work(on: [1], stage, account, seed &+ 5)
        var taken: TakeAway.Report?
        while taken == nil {
            do { taken = try await TakeAway().run(stage.ours) } catch DataPathError.tablesBusy { continue }
        }
        try await agents
        try? FileManager.default.removeItem(at: vault(stage))
        return try #require(taken)
    }

    /// The plugin's tables were set aside meanwhile: what v1 cannot hold comes out of the archive.
    private func redo(_ stage: Stage, _ account: Account, _ alone: UUID?) async throws {
        try await Capture().remove(stage.ours, keepRecords: true)
        try await stage.agent.execute("ALTER SCHEMA memory_plugin RENAME TO memory_plugin_aside; " + StoreTables.create.split(separator: "CREATE SCHEMA memory_plugin;").last!.description.withSchema)
        try await stage.agent.execute("DELETE FROM public.agent_memories WHERE id = '\(Self.pinned)'")
        try await Capture().install(stage.ours)
        #expect(try await ForeignRows.inV2(stage.ours).count == 0)
        let restored = try await KeptRows.bringBack(stage.ours).restored
        #expect(restored == (alone == nil ? 0 : 1))
        #expect(try await KeptRows.bringBack(stage.ours).restored == 0)
        await stage.writer.stop()
        let writer = Writer(try await PostgresConnection.connect(stage.url), fence: 0)
        try await Control.restartCopy(fence: 0, stage.ours)
        try await writer.start()
        for _ in 0..<1000 {
            let step = try await writer.step()
            if step.idle, step.copyFinished { break }
        }
        await writer.stop()
        try await requireAll(stage, account, side: 2)
        for table in ["public.agent_memories", "memory_plugin.memory_records"] { #expect(try await stage.count("\(table) WHERE id = '\(Self.pinned)'") == 0) }
        #expect(try await Parity().compare(stage.ours, against: .v1).clean)
        guard let alone else { return }
        #expect(try await stage.text(2, alone) == "nowhere in v1")
        #expect(try await stage.count("memory_plugin.memory_namespaces WHERE name = 'custom:mine' AND metadata = '{\"m\": 1}' AND expires_at = '2098-01-01'") == 1)
        #expect(try await stage.reasons() == ["global-of-non-root": 1, "unknown-namespace": 1])
        let row = try await stage.agent.query(
            "SELECT concat_ws(' ', kind, pin, source, expires_at::date, propagation->>'k') AS all FROM memory_plugin.memory_records WHERE id = $1", [.uuid(Self.special)])[0]
        #expect(try row.string("all") == "summary t user 2099-01-01 1")
    }

    // MARK: - Agents

    /// Three agents at once, each on its own third of what is remembered, through one of the doors.
    private func work(on sides: [Int], _ stage: Stage, _ account: Account, _ seed: UInt64) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<3 {
                let side = sides[number % sides.count]
                let mine = await account.take(number)
                group.addTask {
                    var random = Dice(seed: seed &* 31 &+ UInt64(number))
                    let connection = try await PostgresConnection.connect(stage.url, applicationName: "agent")
                    for (step, id) in mine.shuffled(using: &random).prefix(8).enumerated() {
                        let text = "\(side) \(seed) \(number) \(step)"
                        if Int.random(in: 0..<4, using: &random) == 0 {
                            try await connection.query("DELETE FROM \(stage.table(side)) WHERE id = $1", [.uuid(id)])
                            await account.say(id, nil)
                        } else {
                            let edited = try await connection.query("UPDATE \(stage.table(side)) SET content = $2 WHERE id = $1", [.uuid(id), .text(text)])
                            if edited.affected == 1 { await account.say(id, text) }
                        }
                    }
                    for step in 0..<4 {
                        let (id, text) = (UUID(), "new \(side) \(seed) \(number) \(step)")
                        let statement = side == 1
                            ? "INSERT INTO agent_memories (id, workspace_id, content, scope) VALUES ($1, '\(Stage.sibling)', $2, 'LOCAL')"
                            : """
                            WITH n AS (INSERT INTO memory_plugin.memory_namespaces (name, kind) VALUES ('workspace:\(Stage.sibling.lowercased)', 'workspace') ON CONFLICT DO NOTHING)
                            INSERT INTO memory_plugin.memory_records (id, namespace, content, kind, source) VALUES ($1, 'workspace:\(Stage.sibling.lowercased)', $2, 'fact', 'agent')
                            """
                        try await connection.query(statement, [.uuid(id), .text(text)])
                        await account.say(id, text)
                    }
                    await connection.close()
                }
            }
            try await group.waitForAll()
        }
    }

    /// The looks go on while agents work.
    private func together(_ stage: Stage, _ agents: () async throws -> Void) async throws {
        let looking = Task { while !Task.isCancelled { _ = try await stage.writer.step() } }
        try await agents()
        looking.cancel()
        _ = try? await looking.value
    }

    private func requireAll(_ stage: Stage, _ account: Account, side: Int) async throws {
        for (id, text) in await account.texts {
            #expect(try await stage.text(side, id) == text, "\(id.lowercased) in v\(side)")
        }
    }

    private func vault(_ stage: Stage) -> URL { URL(fileURLWithPath: "/tmp/cutover-way-back-\(stage.url.hashValue.magnitude)") }
}

extension String {
    fileprivate var withSchema: String { "CREATE SCHEMA memory_plugin;" + self }
}
