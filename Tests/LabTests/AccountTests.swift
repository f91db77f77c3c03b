import Testing

@testable import LabKit

@Suite("The account")
struct AccountTests {
    private static func intent(_ number: Int, _ act: AccountLine.Act, _ content: String? = nil, door: AccountLine.Door = .http)
        -> AccountLine
    {
        AccountLine(
            number: number, at: 0,
            intent: .init(
                act: act, door: door, agent: "a", memory: "mtk1", workspace: "w", scope: .local, label: "general",
                content: content))
    }

    private static func outcome(_ number: Int, _ result: AccountLine.Result, id: String? = nil) -> AccountLine {
        AccountLine(number: number, at: 0, outcome: .init(result: result, id: id))
    }

    private func truth(_ lines: [AccountLine]) -> MemoryTruth? { Account(seeded: [], lines: lines).memories["mtk1"] }

    @Test("a memory committed and edited must be there with its last text")
    func edited() {
        let truth = truth([
            Self.intent(1, .commit, "one"), Self.outcome(1, .done, id: "x"), Self.intent(2, .edit, "two"), Self.outcome(2, .done),
        ])
        #expect(truth?.mustBeThere == true)
        #expect(truth?.texts == [ExactText("two")])
        #expect(truth?.id == "x")
    }

    @Test("a memory forgotten must be gone")
    func forgotten() {
        let truth = truth([
            Self.intent(1, .commit, "one"), Self.outcome(1, .done, id: "x"), Self.intent(2, .forget), Self.outcome(2, .done),
        ])
        #expect(truth?.mustBeAbsent == true)
        #expect(truth?.isUncertain == false)
    }

    @Test("an act that did not happen changes nothing")
    func nothing() {
        let truth = truth([
            Self.intent(1, .commit, "one"), Self.outcome(1, .done), Self.intent(2, .forget), Self.outcome(2, .nothing),
        ])
        #expect(truth?.mustBeThere == true)
    }

    @Test("an act without a known outcome, or without any, may be either way")
    func maybe() {
        let commit = [Self.intent(1, .commit, "one")]
        for lines in [commit, commit + [Self.outcome(1, .maybe)]] {
            #expect(truth(lines)?.isUncertain == true)
            #expect(truth(lines)?.mustBeThere == false)
        }
        let edit = truth([Self.intent(1, .commit, "one"), Self.outcome(1, .done), Self.intent(2, .edit, "two")])
        #expect(edit?.texts == [ExactText("one"), ExactText("two")])
        #expect(edit?.mustBeThere == true)
    }

    @Test("texts are compared byte by byte")
    func exact() {
        #expect(ExactText("e\u{301}") != ExactText("\u{e9}"))
    }

    @Test("an act through another store's door waits until that door shows the memory")
    func doors() {
        var memory = OwnMemory(key: "mtk1", id: "x", workspace: "w", scope: .local, content: "c", lastDoor: .http)
        #expect(!memory.mustBeSeenBefore(.http))
        #expect(memory.mustBeSeenBefore(.v2))
        memory.lastDoor = .mcp
        #expect(memory.mustBeSeenBefore(.http))
        memory.lastDoor = nil
        #expect(!memory.mustBeSeenBefore(.http))
    }
}
