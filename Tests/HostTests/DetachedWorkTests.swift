import Cutover
import Foundation
import Testing

@testable import Host

@Suite("work that outlives whoever asked for it") struct DetachedWorkTests {
    let folder: Folder
    let host: HostSight
    let hand: HostHand

    /// In the program's place stands a script, so that the test says what the process does.
    init() throws {
        folder = try Folder()
        host = HostSight(tenant: "acme", statePath: folder.path, envPath: folder.file("env"))
        hand = HostHand(sight: host, operation: "op-1", fence: 3, journal: JournalID("journal"))
        try FileManager.default.createDirectory(atPath: folder.file("bin"), withIntermediateDirectories: true)
    }

    private func program(_ lines: String...) throws {
        try folder.write("#!/bin/sh\n" + lines.joined(separator: "\n") + "\n", to: "bin/cutoverctl")
        chmod(folder.file("bin/cutoverctl"), 0o755)
    }

    /// Without a child that would outlive it.
    private func endless() throws {
        mkfifo(folder.file("fifo"), 0o600)
        try program("while read line <>\(folder.file("fifo")); do :; done")
    }

    private func book(_ run: @escaping @Sendable (String, HostHand) async throws -> String) -> HostOperationBook {
        var book = HostOperationBook()
        book.add(work: "dig", run)
        return book
    }

    @Test("what was ordered is carried out with the order's own hand, and its answer stays to be asked for")
    func order() async throws {
        let work = DetachedWork("dig", host)
        #expect(try work.state().payload == nil)
        try endless()
        try await work.begin("deep", by: hand)
        #expect(try work.state().runs)
        #expect(try work.state().payload == "deep")
        // This process does what the started one would have done.
        let code = await work.carryOut(book { payload, hand in
            try work.tell("half way")
            return "\(payload) by \(hand.operation) \(hand.fence) \(hand.journal)"
        })
        #expect(code == 0)
        let state = try work.state()
        #expect(state.told == "half way")
        #expect(state.answer?.status == .done)
        #expect(state.answer?.result == "deep by op-1 3 journal")
        try await work.end()
        #expect(try !work.state().runs)
        #expect(try work.state().payload == nil)
        #expect(try work.state().answer == nil)
    }

    @Test("a process that was killed leaves an order without an end, and is begun again")
    func killed() async throws {
        let work = DetachedWork("dig", host)
        try endless()
        try await work.begin("deep", by: hand)
        let pid = try #require(folder.text("work/dig/pid").flatMap { Int32($0.trimmingCharacters(in: .newlines)) })
        kill(pid, SIGKILL)
        while try work.state().runs { try await Task.sleep(for: .milliseconds(5)) }
        #expect(try work.state().answer == nil)
        #expect(try work.state().payload == "deep")
        try await work.begin("deeper", by: hand)
        #expect(try work.state().runs)
        #expect(try work.state().payload == "deeper")
        try await work.end()
    }

    @Test("a failure is an answer, in its own words; a work that nobody knows is one too")
    func failure() async throws {
        let work = DetachedWork("dig", host)
        try endless()
        try await work.begin("deep", by: hand)
        #expect(await work.carryOut(book { _, _ in throw StepFailure("rock", effect: .nothingChanged, next: "blast") }) == 1)
        #expect(try work.state().answer?.failure == StepFailure("rock", effect: .nothingChanged, next: "blast"))
        #expect(await work.carryOut(HostOperationBook()) == 1)
        #expect(try work.state().answer?.failure?.what.contains("knows no work") == true)
        try await work.end()
    }

    @Test("it outlives its caller, gets nothing of the caller's, and a process done in no time is no failure to start")
    func quick() async throws {
        let work = DetachedWork("dig", host)
        let answer = HostAnswer(id: "op-1", status: .done, result: "dug")
        try folder.write(try answer.line(), to: "answer")
        try program("cp \(folder.file("answer")) \(folder.file("work/dig/answer"))")
        try await work.begin("deep", by: hand)
        while try work.state().runs { try await Task.sleep(for: .milliseconds(5)) }
        #expect(try work.state().answer?.result == "dug")
    }
}
