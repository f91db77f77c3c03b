import CutoverTestKit
import Testing

@testable import Cutover

@Suite("a checkpoint of the journal") struct CheckpointTests {
    private static func records(_ reasons: [String], journal: JournalID = "j") -> JournalRecords {
        var head = JournalRecords.Head.genesis(of: "acme", in: journal)
        var rows: [EventRecord] = []
        for reason in reasons {
            let event = Event(stream: "acme", revision: head.revision + 1, at: ManualTime.beginning, by: "ann", fence: 0, change: .held(reason: reason), previous: head.hash)
            rows.append(EventRecord(event))
            head = JournalRecords.Head(stream: "acme", revision: event.revision, hash: event.hash)
        }
        return JournalRecords(journal: journal, records: rows, heads: [head], counted: rows.count)
    }

    private let key = SigningKey()
    private func checkpoint(_ opened: JournalRecords) throws -> JournalCheckpoint { try JournalCheckpoint(opened, at: ManualTime.beginning, by: "ann", key: key) }

    @Test("holds as long as the journal only goes on")
    func goesOn() throws {
        let checkpoint = try checkpoint(Self.records(["one", "two"]))
        #expect(checkpoint.isSigned)
        for later in [["one", "two"], ["one", "two", "three"]] { #expect(checkpoint.flaws(in: Self.records(later)).isEmpty) }
    }

    @Test(
        "shows what was rewritten, with all hashes computed anew, so that the chain is whole",
        arguments: [(["ONE", "two", "three"], "edited"), (["one", "TWO"], "edited"), (["one"], "removed")])
    func rewritten(reasons: [String], word: String) throws {
        let checkpoint = try checkpoint(Self.records(["one", "two"]))
        let now = Self.records(reasons)
        #expect(JournalAudit(now).flaws.isEmpty)
        let flaws = checkpoint.flaws(in: now)
        #expect(flaws.count == 1 && flaws[0].stream == "acme" && flaws[0].revision == 2 && flaws[0].what.hasPrefix(word), "\(flaws)")
    }

    @Test("is of one journal")
    func another() throws {
        #expect(try checkpoint(Self.records(["one"])).flaws(in: Self.records(["one"], journal: "k")).map(\.revision) == [0])
    }

    @Test("that was changed is not signed any more, whatever of it was changed", arguments: ["\"acme\"", "\"revision\":2", "\"events\":2", "\"ann\"", "2026-01-01"])
    func changed(what: String) throws {
        let text = try CanonicalJSON.text(try checkpoint(Self.records(["one", "two"])))
        #expect(try CanonicalJSON.value(JournalCheckpoint.self, from: text).isSigned)
        let other = text.replacing(what, with: what.replacing("2", with: "3").replacing("a", with: "b"))
        #expect(other != text)
        #expect(try !CanonicalJSON.value(JournalCheckpoint.self, from: other).isSigned)
    }
}
