import Cutover
import Foundation
import Synchronization
import Testing

@testable import Host

@Suite("the operation ledger of a host") struct OperationLedgerTests {
    let host: CounterHost

    init() throws { host = try CounterHost() }

    @Test("what programs that died were writing goes with the next operation, whatever it is about")
    func strays() async throws {
        let strays = ["", "ops/", "kept/", "work/archive.write/"].map { "\(host.state)/\($0)a.\(Int32.max).new" }
        for path in strays {
            try DurableFile.makeFolder(DurableFile.folder(of: path))
            try "half".write(toFile: path, atomically: false, encoding: .utf8)
        }
        _ = try await host.write(Counter.Set())
        #expect(!strays.contains(where: FileManager.default.fileExists))
    }

    @Test("an operation delivered twice under one id acts once and gives the same answer")
    func redelivery() async throws {
        let first = try await host.write(Counter.Set())
        let second = try await host.write(Counter.Set())
        #expect(first.exitCode == 0)
        #expect(second.exitCode == 0)
        #expect(first.answer?.status == .done)
        #expect(second.line == first.line)
        #expect(host.count == 1)
    }

    @Test("another id is another operation")
    func anotherID() async throws {
        _ = try await host.write(Counter.Set(), id: "op-1")
        let second = try await host.write(Counter.Set(), id: "op-2")
        #expect(second.count == 2)
        #expect(host.count == 2)
    }

    @Test("an exercise is remembered like a writing operation")
    func exercise() async throws {
        let request = try host.request(Counter.Try(), as: .exercising)
        let first = try await host.serve(request)
        #expect(try await host.serve(request).line == first.line)
        #expect(host.count == 1)
    }

    @Test("begun and not recorded as ended, a convergent or transactional operation acts again")
    func startedWithoutDone() async throws {
        try host.leaveStarted("op-1")
        #expect(try await host.write(Counter.Set(), id: "op-1").count == 1)
        try host.leaveStarted("op-2")
        #expect(try await host.write(Counter.Commit(), id: "op-2").count == 2)
        #expect(try await host.write(Counter.Commit(), id: "op-2").count == 2)
        #expect(host.count == 2)
    }

    @Test("begun and not recorded as ended, an unrepeatable operation is unknown and never acts again")
    func unrepeatable() async throws {
        try host.leaveStarted("op-1")
        for _ in 0..<2 {
            let served = try await host.write(Counter.Fire())
            #expect(served.exitCode == 6)
            #expect(served.answer?.status == .unknown)
        }
        #expect(host.count == 0)
        #expect(!host.has("ops/op-1.done"))
    }

    @Test("an unrepeatable operation that ended is answered from the record")
    func unrepeatableDone() async throws {
        let first = try await host.write(Counter.Fire())
        #expect(first.exitCode == 0)
        #expect(try await host.write(Counter.Fire()).line == first.line)
        #expect(host.count == 1)
    }

    @Test("what once means is the operation's word: a request that claims another is refused")
    func onceIsDeclaredHere() async throws {
        try host.leaveStarted("op-1")
        for claimed in [Once.convergent, .transactional, nil] {
            let served = try await host.serve(host.request(Counter.Fire(), once: claimed))
            #expect(served.exitCode == 64)
            #expect(served.answer?.status == .refused)
        }
        #expect(host.count == 0)
    }

    @Test("a stale fence is refused with exit 75 and nothing is done")
    func staleFence() async throws {
        _ = try await host.write(Counter.Set(), id: "op-1", fence: 5)
        let served = try await host.write(Counter.Set(), id: "op-2", fence: 4)
        #expect(served.exitCode == 75)
        #expect(served.answer?.status == .refused)
        #expect(served.answer?.failure?.effect == .nothingChanged)
        #expect(served.answer?.failure?.what.contains("5") == true)
        #expect(host.count == 1)
        #expect(!host.has("ops/op-2.started"))
    }

    @Test("a higher fence is remembered, and the same fence goes on")
    func higherFence() async throws {
        for fence in [1, 7, 7] { #expect(try await host.write(Counter.Set(), id: OperationID("op-\(fence)-\(host.count)"), fence: fence).exitCode == 0) }
        #expect(try await host.write(Counter.Set(), id: "late", fence: 6).exitCode == 75)
        #expect(host.count == 3)
    }

    @Test("a fence that can't be read is not taken for none")
    func damagedFence() async throws {
        _ = try await host.write(Counter.Set(), id: "op-1", fence: 5)
        try host.folder.write("", to: "state/fence")
        let served = try await host.write(Counter.Set(), id: "op-2", fence: 1)
        #expect(served.exitCode == 1)
        #expect(served.answer?.status == .refused)
        #expect(host.count == 1)
    }

    @Test("an answer given before is given again, under whichever fence it is asked for")
    func answeredUnderOlderFence() async throws {
        let first = try await host.write(Counter.Set(), id: "op-1", fence: 1)
        _ = try await host.write(Counter.Set(), id: "op-2", fence: 9)
        #expect(try await host.write(Counter.Set(), id: "op-1", fence: 1).line == first.line)
        #expect(host.count == 2)
    }

    @Test("a host belongs to the first journal; another one is refused, even for what was done")
    func foreignJournal() async throws {
        _ = try await host.write(Counter.Set(), id: "op-1")
        for id in ["op-1", "op-2"] as [OperationID] {
            let served = try await host.write(Counter.Set(), id: id, fence: 99, journal: "restored")
            #expect(served.exitCode == 1)
            #expect(served.answer?.status == .refused)
            #expect(served.answer?.failure?.what.contains("journal-1") == true)
        }
        #expect(host.count == 1)
        #expect(try await host.write(Counter.Set(), id: "op-3", fence: 1).exitCode == 0)
    }

    @Test("a reading leaves no trace, needs no fence and no journal")
    func reading() async throws {
        _ = try await host.write(Counter.Set(), fence: 5)
        let before = host.folder.names
        let served = try await host.serve(host.request(Counter.Look(), as: .reading, fence: 0, journal: "restored"))
        #expect(served.exitCode == 0)
        #expect(served.count == 1)
        #expect(host.folder.names == before)
    }

    @Test("a failure is answered and not remembered: the next delivery acts again", arguments: [nil, .nothingChanged, .partlyChanged] as [StepFailure.Effect?])
    func failure(effect: StepFailure.Effect?) async throws {
        for turn in 1...2 {
            let served = try await host.write(Counter.Fail(effect: effect))
            #expect(served.exitCode == 1)
            #expect(served.answer?.status == .failed)
            #expect(served.answer?.failure?.effect == effect ?? .partlyChanged)
            #expect(served.answer?.failure?.what.contains("the abacus broke") == true)
            #expect(host.count == turn)
        }
        #expect(!host.has("ops/op-1.done"))
    }

    @Test("a failure with an unknown effect exits with 6")
    func unknownEffect() async throws {
        let served = try await host.write(Counter.Fail(effect: .unknown))
        #expect(served.exitCode == 6)
        #expect(served.answer?.failure?.effect == .unknown)
        #expect(!host.has("ops/op-1.done"))
    }

    @Test("a record that was damaged is not taken for an answer")
    func damagedDone() async throws {
        let first = try await host.write(Counter.Fire())
        try host.folder.write(String(first.line.dropLast(2)), to: "state/ops/op-1.done")
        #expect(try await host.write(Counter.Fire()).exitCode == 6)
        #expect(host.count == 1)
    }

    @Test("operations that come at once are carried out one after the other")
    func serialised() async throws {
        let codes = try await withThrowingTaskGroup(of: Int32.self) { group in
            for number in 0..<8 {
                group.addTask { try await host.write(Counter.Dawdle(), id: OperationID("op-\(number)")).exitCode }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes == Array(repeating: 0, count: 8))
        #expect(host.count == 8)
        #expect(Counter.Dawdle.inside.withLock { $0.most } == 1)
    }

    @Test("one id delivered many times at once acts once")
    func sameIDAtOnce() async throws {
        let lines = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<6 { group.addTask { try await host.write(Counter.Set()).line } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(lines.count == 1)
        #expect(host.count == 1)
    }
}
