import Testing

@testable import LabKit

@Suite("The referee")
struct RefereeTests {
    private let tree = WorkspaceTree(parents: ["root": nil, "child": "root", "sibling": "root"])

    private func facts(_ id: String, _ workspace: String?, _ scope: Scope, _ content: String) -> SeededFacts {
        SeededFacts(
            SeededMemory(
                id: id, workspace: workspace, content: content, scope: scope, label: "general", createdMicroseconds: 5,
                updatedMicroseconds: 5))
    }

    private func v2(_ id: String, _ namespace: String, _ content: String, created: Int? = 5) -> StoredMemory {
        StoredMemory(id: id, place: .v2(namespace: namespace), content: content, created: created, embedding: nil)
    }

    private func judge(
        _ facts: [SeededFacts], after lines: [AccountLine] = [], _ stored: [StoredMemory], store: Store = .v2,
        excepted: Set<String> = []
    ) -> TenantVerdict {
        Judgement.judge(
            tenant: "acme", store: store, truths: Account(seeded: facts, lines: lines).memories, stored: stored, tree: tree,
            excepted: excepted)
    }

    @Test("a row in its place with its text and time is accounted for")
    func accounted() {
        let verdict = judge([facts("a", "child", .team, "x")], [v2("a", "team:root", "x")])
        #expect(verdict.isOK)
        #expect(verdict.accounted == 1)
    }

    @Test("a missing row, another text, another place or another time is a loss")
    func lost() {
        let row = facts("a", "child", .local, "x")
        for stored in [
            [], [v2("a", "workspace:child", "y")], [v2("a", "workspace:root", "x")], [v2("a", "workspace:child", "x", created: 6)],
        ] {
            #expect(judge([row], stored).lost.count == 1)
        }
    }

    @Test("a row nobody wrote, and one that was forgotten, are invented; a probe left behind is neither")
    func invented() {
        let forget: [AccountLine] = [
            .init(number: 1, at: 0, intent: .init(act: .forget, door: .http, agent: "a", memory: "a")),
            .init(number: 1, at: 0, outcome: .init(result: .done)),
        ]
        let verdict = judge(
            [facts("a", "child", .local, "x")], after: forget,
            [v2("a", "workspace:child", "x"), v2("b", "org:root", "who?"), v2("c", "org:root", "cutover-probe 1")])
        #expect(verdict.invented.map(\.id) == ["a", "b"])
        #expect(verdict.probesLeft == ["c"])
        #expect(verdict.lost.isEmpty)
    }

    @Test("a row v2 has no place for may be missing only when it is excepted")
    func exceptions() {
        let row = facts("a", "child", .global, "x")
        #expect(judge([row], []).lost.count == 1)
        let verdict = judge([row], [], excepted: ["a"])
        #expect(verdict.isOK)
        #expect(verdict.excepted == 1)
    }

    @Test("an exception for a row v2 has a place for is wrong, whether or not the row is there")
    func wronglyExcepted() {
        let row = facts("a", "child", .local, "AKIAIOSFODNN7EXAMPLE")
        #expect(judge([row], [v2("a", "workspace:child", row.content)], excepted: ["a"]).wronglyExcepted.count == 1)
        #expect(!judge([row], [], excepted: ["a"]).isOK)
    }

    @Test("a memory committed to a team in v2 may come back to v1 under any workspace of that team")
    func ownerVaries() {
        let lines: [AccountLine] = [
            .init(
                number: 1, at: 0,
                intent: .init(
                    act: .commit, door: .mcp, agent: "a", memory: "mtk0000000000000001", workspace: "child", scope: .team,
                    content: "mtk0000000000000001")),
            .init(number: 1, at: 0, outcome: .init(result: .done, id: "n")),
        ]
        func stored(_ workspace: String, _ scope: Scope) -> StoredMemory {
            StoredMemory(
                id: "n", place: .v1(workspace: workspace, scope: scope, label: "general"), content: "mtk0000000000000001",
                created: 9, updated: 9, embedding: nil)
        }
        #expect(judge([], after: lines, [stored("sibling", .team)], store: .v1).isOK)
        #expect(!judge([], after: lines, [stored("sibling", .local)], store: .v1).isOK)
    }

    @Test("a memory whose id was never learned is known by its token, once")
    func byToken() {
        let token = "mtk00000000000000ff"
        let lines: [AccountLine] = [
            .init(
                number: 1, at: 0,
                intent: .init(
                    act: .commit, door: .mcp, agent: "a", memory: token, workspace: "child", scope: .local, content: token))
        ]
        #expect(judge([], after: lines, []).isOK)
        #expect(judge([], after: lines, [v2("n", "workspace:child", token)]).isOK)
        #expect(judge([], after: lines, [v2("n", "workspace:child", token), v2("o", "workspace:child", token)]).invented.count == 1)
    }

    private func v1(_ id: String, _ content: String, label: String = "general", created: Int = 5, updated: Int? = 5) -> StoredMemory {
        StoredMemory(
            id: id, place: .v1(workspace: "child", scope: .local, label: label), content: content, created: created, updated: updated, embedding: nil)
    }

    @Test("a row nobody edited keeps its second time to the microsecond; one that was edited has the time of its edit")
    func updated() {
        let row = facts("a", "child", .local, "x")
        #expect(judge([row], [v1("a", "x")], store: .v1).isOK)
        #expect(judge([row], [v1("a", "x", updated: 6)], store: .v1).lost.count == 1)
        #expect(judge([row], [v1("a", "x", updated: nil)], store: .v1).lost.count == 1)
        func edited(_ result: AccountLine.Result) -> [AccountLine] {
            [
                .init(number: 1, at: 100, intent: .init(act: .edit, door: .http, agent: "a", memory: "a", content: "y")),
                .init(number: 1, at: 101, outcome: .init(result: result)),
            ]
        }
        for (seconds, agrees) in [(90, false), (100, true), (101, true), (110, false)] {
            #expect(judge([row], after: edited(.done), [v1("a", "y", updated: seconds * 1_000_000)], store: .v1).isOK == agrees)
        }
        // Whether an edit without an answer is in, nobody can tell.
        #expect(judge([row], after: edited(.maybe), [v1("a", "x")], store: .v1).isOK)
        #expect(judge([row], after: edited(.maybe), [v1("a", "y", updated: 100_000_000)], store: .v1).isOK)
        #expect(judge([row], after: edited(.nothing), [v1("a", "x", updated: 100_000_000)], store: .v1).lost.count == 1)
    }

    @Test("a memory of the agents' own door has the time of its commit in both stores, and in v1 a label that nobody else chose")
    func bornAtADoor() {
        let lines: [AccountLine] = [
            .init(number: 1, at: 100, intent: .init(act: .commit, door: .mcp, agent: "a", memory: "mtk0000000000000001", workspace: "child", scope: .local, content: "x")),
            .init(number: 1, at: 101, outcome: .init(result: .done, id: "n")),
        ]
        let second = 1_000_000
        #expect(judge([], after: lines, [v2("n", "workspace:child", "x", created: 100 * second)]).isOK)
        #expect(judge([], after: lines, [v2("n", "workspace:child", "x", created: 200 * second)]).lost.count == 1)
        for (label, agrees) in [("general", true), ("child", true), ("people", false)] {
            let stored = v1("n", "x", label: label, created: 100 * second, updated: 101 * second)
            #expect(judge([], after: lines, [stored], store: .v1).isOK == agrees)
        }
        #expect(judge([], after: lines, [v1("n", "x", created: 100 * second, updated: 200 * second)], store: .v1).lost.count == 1)
    }
}
