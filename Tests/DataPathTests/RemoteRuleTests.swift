import DataPath
import Foundation
import Postgres
import Testing

/// As the sql lane's: the same rules have to come to the same over HTTP.
@Suite("the plan's rules over HTTP", .serialized, .timeLimit(.minutes(10))) struct RemoteRuleTests {
    @Test("a credential look-alike is carried and listed, unlisted, blotted out or left behind, as the plan says, and follows a change of the rule")
    func credentials() async throws {
        let remote = try await RemoteStage.make()
        let text = "login with password=hunter2"
        let id = try await remote.stage.add1(text)
        func become(_ rule: ExceptionRule.Word?) async throws -> (v2: [String], listed: [String: Int]) {
            _ = try await ExceptionRules.set(rule.map { [ExceptionRules.credential: ExceptionRule($0)] } ?? [:], fence: 0, remote.stage.ours, RemoteStage.settings)
            try await remote.settle()
            #expect(try await remote.stage.text(1, id) == text)
            #expect(try await RemoteParity(records: RemoteStage.records(remote.plugin)).compare(remote.stage.ours, against: .v1).clean)
            return (try await remote.shown(), try await remote.stage.reasons())
        }
        let list = [ExceptionRules.credential: 1]
        #expect(try await become(nil) == ([text], list))
        #expect(try await become(.pass) == ([text], [:]))
        #expect(try await become(.redact) == (["login with password=[REDACTED]"], list))
        #expect(try await become(.flag) == ([text], list))
        let kept = try await remote.stage.ours.query("SELECT detail, carried FROM cutover.exceptions WHERE closed IS NULL")[0]
        #expect(try kept.string("detail") == "assigned-secret" && kept.bool("carried"))
        #expect(try await remote.count("cutover.exceptions x WHERE x::text LIKE '%hunter2%'") == 0)
        // What lies there stays, and is compared like any other.
        #expect(try await become(.block) == ([text], list))
        #expect(try await remote.count("cutover.exceptions WHERE closed IS NULL AND carried") == 1)
        try await remote.stage.add1("token=abc")
        try await remote.settle()
        #expect(try await remote.shown() == [text])
        #expect(try await remote.count("cutover.exceptions WHERE closed IS NULL AND NOT carried") == 1)
    }

    @Test("rows without a place go where the plan puts them, and follow when it puts them elsewhere")
    func remap() async throws {
        let remote = try await RemoteStage.make()
        try await remote.stage.add1("global of a child", scope: "GLOBAL")
        try await remote.stage.add1("nobody's", workspace: nil, scope: "TEAM", label: "old")
        try await remote.settle()
        #expect(try await remote.stage.reasons() == ["global-of-non-root": 1, "no-workspace": 1])
        func become(_ rules: [String: ExceptionRule]) async throws -> Int {
            let queued = try await ExceptionRules.set(rules, fence: 0, remote.stage.ours, RemoteStage.settings)
            try await remote.settle()
            return queued
        }
        let orphans = ExceptionRule(.remap, target: "custom:orphans")
        #expect(try await become(["global-of-non-root": .init(.remap, target: "workspace"), "no-workspace": orphans]) == 2)
        #expect(try await remote.shown() == ["global of a child"])
        #expect(try await remote.plugin.shown("custom:orphans").map(\.propagation?.cutover?.scope) == ["TEAM"])
        #expect(try await remote.stage.reasons().isEmpty)
        #expect(try await become(["global-of-non-root": .init(.remap, target: "org"), "no-workspace": orphans]) == 2)
        #expect(try await remote.shown().isEmpty)
        #expect(try await remote.shown("org:\(Stage.root.lowercased)") == ["global of a child"])
        #expect(try await RemoteParity(records: RemoteStage.records(remote.plugin)).compare(remote.stage.ours, against: .v1).clean)
        #expect(try await become(["global-of-non-root": .init(.block)]) == 2)
        #expect(try await remote.stage.reasons() == ["global-of-non-root": 1, "no-workspace": 1])
    }

    @Test("under redact v1 keeps its own text through edits, and the freeze knows the text as it was carried")
    func redacted() async throws {
        let remote = try await RemoteStage.make()
        _ = try await ExceptionRules.set([ExceptionRules.credential: .init(.redact)], fence: 0, remote.stage.ours, RemoteStage.settings)
        let id = try await remote.stage.add1("secret=abc, and more")
        try await remote.settle()
        try await remote.stage.edit(1, id, "secret=xyz, and more still")
        try await remote.settle()
        #expect(try await remote.shown() == ["secret=[REDACTED] and more still"])
        #expect(try await remote.stage.text(1, id) == "secret=xyz, and more still")
        await remote.writer.stop()
        let records = RemoteStage.records(remote.plugin)
        let second = try await PostgresConnection.connect(remote.stage.url, applicationName: "cutover-looking")
        _ = try await Freeze(RemoteStage.settings).freeze(remote.stage.ours, looking: second, records: records, mayBeUnproven: false)
        #expect(try await RemoteParity(records: records).compare(remote.stage.ours, against: .frozen).clean)
    }
}
