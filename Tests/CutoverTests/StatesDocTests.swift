import Cutover
import Foundation
import Testing

@Suite("docs/states.md") struct StatesDocTests {
    private let text: String
    private let derived = StateWalk().moves

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        text = try String(contentsOf: root.appending(path: "docs/states.md"), encoding: .utf8)
    }

    private func cells(_ line: Substring) -> [String] {
        line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces.union(.init(charactersIn: "`"))) }
    }

    /// The rows of the table under the heading.
    private func table(_ heading: String) -> [[String]] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(of: Substring("## " + heading)) else { return [] }
        let section = lines[(start + 1)...].prefix { !$0.hasPrefix("## ") }
        return section.filter { $0.hasPrefix("|") }.dropFirst(2).map(cells)
    }

    @Test("its table of moves is what the fold and the decision make of every position")
    func moves() throws {
        let told = Set(table("What leads where").map { StateWalk.Move(from: $0[0], event: $0[1], to: $0[2]) })
        #expect(told.subtracting(derived).sorted() == [], "told, and not so")
        #expect(derived.subtracting(told).sorted() == [], "so, and not told")
    }

    @Test("its drawing has the same moves as its table")
    func drawing() throws {
        let drawn = text.split(separator: "\n").compactMap { line -> Set<StateWalk.Move>? in
            let parts = line.components(separatedBy: " --> ")
            guard parts.count == 2, !line.contains("[*]") else { return nil }
            let ends = parts[1].split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            let from = parts[0].trimmingCharacters(in: .whitespaces)
            return Set(ends[1].components(separatedBy: ", ").map { StateWalk.Move(from: from, event: $0.replacing(" (", with: ": ").replacing(")", with: ""), to: ends[0]) })
        }
        #expect(drawn.reduce(into: Set()) { $0.formUnion($1) } == derived)
    }

    @Test("it explains every position and no other")
    func positions() throws {
        let explained = table("Positions").map { $0[0] }
        #expect(Set(explained) == Set(derived.flatMap { [$0.from, $0.to] }) && explained.count == 11)
    }

    @Test("it lists every word of a tenant's status")
    func states() throws {
        #expect(table("The word that `status` prints").map { $0[0] }.sorted() == TenantStatus.State.allCases.map(\.rawValue).sorted())
    }

    @Test("in doubt is left only by an outcome, by looking at the world, or by a person who gives it up")
    func doubt() {
        let out = derived.filter { $0.from == "inDoubt" }.map(\.event)
        #expect(Set(out) == ["performed", "setAside", "failed", "abandoned", "verified: absent", "verified: partial", "verified: in place"])
    }

    @Test("its milestones stand in the order of the owners' words")
    func milestones() {
        let words = table("Milestones").map { $0[0] }
        #expect(words == ["sidecar up", "env wired", "shadow clean", "backfill verified", "fallback removed", "30-day gate", "drop table"])
    }
}
