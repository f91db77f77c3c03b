import Cutover
import Foundation
import Host
import Testing

@Suite("the evidence ledger of a host") struct EvidenceLedgerTests {
    let folder: Folder
    var ledger: EvidenceLedger { EvidenceLedger(statePath: folder.path) }

    init() throws { folder = try Folder() }

    private func fill(_ count: Int = 3) async throws {
        for number in 1...count { try await ledger.append("sample", ["number": String(number), "note": "ä, \"b\"\nc"]) }
    }

    private var lines: [String] { (folder.text("evidence.jsonl") ?? "").split(separator: "\n").map(String.init) }

    private func rewrite(_ lines: [String]) throws { try folder.write(lines.joined(separator: "\n") + "\n", to: "evidence.jsonl") }

    @Test("a ledger that was never written is empty")
    func empty() throws { #expect(try ledger.entries().isEmpty) }

    @Test("entries come back in order, each chained to the one before")
    func chain() async throws {
        try await fill()
        let entries = try ledger.entries()
        #expect(entries.map(\.n) == [1, 2, 3])
        #expect(entries.map { $0.facts["number"] } == ["1", "2", "3"])
        #expect(entries[0].previous == "")
        #expect(zip(entries, entries.dropFirst()).allSatisfy { $1.previous == $0.hash })
        #expect(entries.allSatisfy { $0.facts["note"] == "ä, \"b\"\nc" })
    }

    @Test("an entry tells the host's own clocks, which do not run back")
    func clocks() async throws {
        try await fill()
        let entries = try ledger.entries()
        #expect(zip(entries, entries.dropFirst()).allSatisfy { $1.uptime >= $0.uptime })
        #expect(Set(entries.map(\.boot)).count == 1)
        #expect(entries[0].boot == (try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)).trimmingCharacters(in: .newlines))
    }

    @Test("a changed fact, time, kind or number is found", arguments: [
        ("\"number\":\"2\"", "\"number\":\"9\""), ("\"kind\":\"sample\"", "\"kind\":\"simple\""), ("\"n\":2", "\"n\":7"), ("\"at\":\"2", "\"at\":\"3"),
        ("\"uptime\":", "\"uptime\":1"),
    ])
    func edited(old: String, new: String) async throws {
        try await fill()
        var changed = lines
        changed[1] = changed[1].replacing(old, with: new, maxReplacements: 1)
        #expect(changed[1] != lines[1])
        try rewrite(changed)
        let error = #expect(throws: HostFault.self) { try ledger.entries() }
        #expect(error?.description.contains("line 2") == true)
    }

    @Test("a removed, reordered, doubled or invented entry is found")
    func rearranged() async throws {
        try await fill()
        let whole = lines
        for changed in [[whole[0], whole[2]], [whole[1], whole[2]], [whole[0], whole[2], whole[1]], whole + [whole[2]], whole + ["{}"], whole + ["x"]] {
            try rewrite(changed)
            #expect(throws: HostFault.self) { try ledger.entries() }
            await #expect(throws: HostFault.self) { try await ledger.append("sample", [:]) }
        }
    }

    @Test("nothing is added to a ledger that was changed")
    func notContinued() async throws {
        try await fill()
        try rewrite([lines[0].replacing("\"1\"", with: "\"8\"")])
        await #expect(throws: HostFault.self) { try await ledger.append("sample", [:]) }
        #expect(lines.count == 1)
    }

    @Test("a last line that was torn by a crash is left out, and mended by the next entry")
    func torn() async throws {
        try await fill()
        let text = try #require(folder.text("evidence.jsonl"))
        let third = try #require(lines.last)
        for kept in [1, third.utf8.count / 2, third.utf8.count - 1] {
            let torn = Array(text.utf8).dropLast(third.utf8.count + 1 - kept)
            try Data(torn).write(to: URL(fileURLWithPath: folder.file("evidence.jsonl")))
            #expect(try ledger.entries().count == 2)
            try await ledger.append("sample", ["number": "after the crash"])
            let entries = try ledger.entries()
            #expect(entries.map(\.n) == [1, 2, 3])
            #expect(entries.last?.facts["number"] == "after the crash")
            #expect(lines.count == 3)
        }
    }

    @Test("a last line that lacks only its newline counts, and is continued on a new line")
    func tornNewline() async throws {
        try await fill()
        try folder.write(lines.joined(separator: "\n"), to: "evidence.jsonl")
        #expect(try ledger.entries().count == 3)
        try await ledger.append("sample", [:])
        #expect(try ledger.entries().count == 4)
    }

    @Test("a ledger that this process has read is not believed to be as it was")
    func readBefore() async throws {
        try await fill(5)
        let whole = lines
        #expect(try ledger.entries().count == 5)
        // Of the same length, by whoever knows how to edit a file.
        try rewrite([whole[0], whole[1].replacing("\"2\"", with: "\"7\"")] + whole[2...])
        #expect(throws: HostFault.self) { try ledger.entries() }
        await #expect(throws: HostFault.self) { try await ledger.append("sample", [:]) }
        // Put back to an older state, and gone on with.
        try rewrite(Array(whole[..<3]))
        #expect(try ledger.entries().count == 3)
        try await ledger.append("sample", ["number": "another 4"])
        #expect(try ledger.entries().map { $0.facts["number"] } == ["1", "2", "3", "another 4"])
        // Made anew, and longer than it ever was.
        try folder.write("", to: "evidence.jsonl")
        try await fill(9)
        #expect(try ledger.entries().map(\.n) == Array(1...9))
        try DurableFile.remove(ledger.path)
        #expect(try ledger.entries() == [])
    }

    @Test("what another process adds is read by one that has read the ledger before")
    func twoProcesses() async throws {
        let other = try Folder()
        try await fill(2)
        try other.write(lines.joined(separator: "\n") + "\n", to: "evidence.jsonl")
        try await EvidenceLedger(statePath: other.path).append("sample", ["number": "by the other"])
        try folder.write(try #require(other.text("evidence.jsonl")), to: "evidence.jsonl")
        #expect(try ledger.entries().map { $0.facts["number"] } == ["1", "2", "by the other"])
        try await ledger.append("sample", ["number": "4"])
        #expect(try ledger.entries().map(\.n) == [1, 2, 3, 4])
    }

    @Test("entries added at once all stand in one chain")
    func atOnce() async throws {
        let ledger = ledger
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<24 { group.addTask { try await ledger.append("sample", ["number": String(number)]) } }
            try await group.waitForAll()
        }
        let entries = try ledger.entries()
        #expect(entries.map(\.n) == Array(1...24))
        #expect(Set(entries.compactMap { $0.facts["number"] }).count == 24)
    }
}
