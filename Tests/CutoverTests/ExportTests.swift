import Cutover
import CutoverTestKit
import Testing

@Suite("an export") struct ExportTests {
    private static func lines() async throws -> [String] {
        let world = LampWorld()
        try await world.engine().go(to: "lamp.light", world.time)
        return try JournalExport.text(try await world.journal.records()).split(separator: "\n").map(String.init)
    }

    private func flaw(_ lines: [String], end: String = "\n") -> JournalExport.Flaw? {
        do throws(JournalExport.Flaw) {
            _ = try JournalExport.read(lines.joined(separator: "\n") + end)
            return nil
        } catch { return error }
    }

    @Test("begins with its journal's name and ends with heads and count")
    func form() async throws {
        let lines = try await Self.lines()
        #expect(lines.first == #"{"cutoverJournal":1,"journal":"journal-of-a-test"}"#)
        #expect(lines.last?.hasPrefix(#"{"events":\#(lines.count - 2),"heads":[{"hash":""#) == true)
        #expect(flaw(lines) == nil && flaw(lines, end: "") == nil)
    }

    @Test("that was cut short says so, wherever it was cut")
    func truncated() async throws {
        let lines = try await Self.lines()
        for kept in 1..<lines.count {
            #expect(flaw(Array(lines.prefix(kept))) == .init(line: kept + 1, what: "cut short: the footer is missing"))
        }
        let torn = Array(lines.dropLast()) + [String(try #require(lines.last).dropLast(5))]
        #expect(flaw(torn, end: "") == .init(line: lines.count, what: "cut short: neither an event nor the footer"))
    }

    @Test("with a line that is none of ours names the line")
    func foreign() async throws {
        var lines = try await Self.lines()
        lines[3] = "{}"
        #expect(flaw(lines) == .init(line: 4, what: "not an event"))
    }

    @Test("of something else is refused at its first line", arguments: ["", "\n", "[]", "{\"events\":0,\"heads\":[]}", "tenants:"])
    func notOurs(text: String) {
        #expect(flaw([text], end: "") == .init(line: 1, what: "not the header of a journal's export"))
    }

    @Test("of a later format asks for the build that wrote it")
    func later() { #expect(flaw([#"{"cutoverJournal":2,"journal":"x"}"#])?.what.hasPrefix("format 2") == true) }

    @Test("with something after its footer is refused")
    func tail() async throws {
        let lines = try await Self.lines()
        #expect(flaw(lines + [lines[1]]) == .init(line: lines.count + 1, what: "something follows the footer"))
    }

    @Test("with an event taken out, added or changed is found by the audit")
    func audited() async throws {
        let lines = try await Self.lines()
        var edited = lines
        edited[5] = edited[5].replacing("ann", with: "bob")
        let doctored = [edited, Array(lines[0..<4] + lines[5...]), Array(lines[0...4] + [lines[4]] + lines[5...]), Array(lines[0..<(lines.count - 2)] + [lines[lines.count - 1]])]
        for lines in doctored {
            #expect(!JournalAudit(try JournalExport.read(lines.joined(separator: "\n"))).flaws.isEmpty)
        }
    }
}
