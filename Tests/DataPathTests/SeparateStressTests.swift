@testable import DataPath
import Foundation
import Postgres
import Testing

@Suite("two databases under stress", .serialized)
struct SeparateStressTests {
    private struct Crash: Error {}

    /// Agents on either side write rows of their own texts; a writer that dies at random between, before and after its commits is replaced.
    @Test("agents on both sides, and a writer killed around its two commits: nothing is lost, doubled, revived or a conflict without two edits")
    func killedAtRandom() async throws {
        let seed = ProcessInfo.processInfo.environment["CUTOVER_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)
        print("two databases under stress: seed \(seed)")
        var dice = Dice(seed: seed)
        let stage = try await SeparateStage.make()
        await stage.writer.stop()
        var (writer, pair) = try await stage.another()
        // Each id is written on one side at a time, and on the other only after it crossed: so no conflict is due.
        var expected: [UUID: String?] = [:]
        var kills = 0
        for round in 0..<25 {
            for _ in 0..<Int.random(in: 1...6, using: &dice) {
                let side = Int.random(in: 1...2, using: &dice)
                let known = expected.filter { $0.value != nil }.map(\.key).sorted { $0.uuidString < $1.uuidString }
                let text = "round \(round) \(UUID().uuidString)"
                switch Int.random(in: 1...4, using: &dice) {
                case 1, 2:
                    expected[side == 1 ? try await stage.add1(text) : try await stage.add2(text)] = text
                case 3 where !known.isEmpty:
                    let id = known[Int.random(in: 0...(known.count - 1), using: &dice)]
                    if try await stage.isInStep(id) {
                        try await stage.edit(side, id, text)
                        expected[id] = text
                    }
                case 4 where !known.isEmpty:
                    let id = known[Int.random(in: 0...(known.count - 1), using: &dice)]
                    if try await stage.isInStep(id) {
                        try await stage.forget(side, id)
                        expected[id] = .some(nil)
                    }
                default: break
                }
            }
            let dies = Int.random(in: 1...3, using: &dice)
            if dies == 1 { await pair.interrupt(before: { throw Crash() }) }
            if dies == 2 { await pair.interrupt(after: { throw Crash() }) }
            do { for _ in 0..<3 { _ = try await writer.step() } } catch is Crash {
                kills += 1
                await writer.stop()
                (writer, pair) = try await stage.another()
            }
            await pair.interrupt()
        }
        try await stage.settle(writer)
        await writer.stop()
        #expect(kills > 3, "seed \(seed): the writer was hardly ever killed")
        for side in [1, 2] {
            let found = try await stage.agent(side).query("SELECT id, content FROM \(stage.table(side))")
            let texts = Dictionary(try found.map { (try $0.uuid("id"), try $0.string("content")) }) { first, _ in first }
            #expect(texts == expected.compactMapValues { $0 }, "seed \(seed), side \(side)")
        }
        #expect(try await stage.count(1, "cutover.conflicts") == 0, "seed \(seed)")
    }
}

extension SeparateStage {
    /// Both sides hold the same of it, and nothing about it is under way.
    fileprivate func isInStep(_ id: UUID) async throws -> Bool {
        let (one, two) = (try await text(1, id), try await text(2, id))
        guard one == two, one != nil else { return false }
        let mine = try await ours.query("SELECT count(*) AS n FROM cutover.change_log WHERE id = $1", [.uuid(id)])[0].int("n")
        let theirs = try await agent2.query("SELECT count(*) AS n FROM cutover.change_log WHERE id = $1", [.uuid(id)])[0].int("n")
        return mine + theirs == 0
    }
}
