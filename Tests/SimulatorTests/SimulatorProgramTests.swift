import Foundation
import ProgramsTestKit
import SimulatorKit
import Testing

/// The simulator takes over its process, so it is tried as a program.
@Suite("the simulator") struct SimulatorProgramTests {
    private static let program: String = {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().appending(path: "simulator").path
    }()

    private static func run(_ words: String...) async throws -> (code: Int, said: String) {
        let ended = try await EndedProgram.run([program] + words)
        return (ended.code, ended.said)
    }

    private static func journal(_ said: String) -> String? { said.firstMatch(of: /journal ([0-9a-f]{64})/).map { String($0.1) } }

    @Test("the same seed comes to the same journal, in this process and in another one, and another seed to another")
    func determinism() async throws {
        let one = try await Self.run("--seed", "11", "--tenants", "3", "--days", "8", "--twice")
        let two = try await Self.run("--seed", "11", "--tenants", "3", "--days", "8")
        let other = try await Self.run("--seed", "12", "--tenants", "3", "--days", "8")
        #expect(one.code == 0, "\(one.said)")
        #expect(Self.journal(one.said) != nil && Self.journal(one.said) == Self.journal(two.said))
        #expect(Self.journal(one.said) != Self.journal(other.said))
    }

    @Test("a broken promise is told with the shortest story, whose command comes to the same journal and the same violation")
    func shrinking() async throws {
        var full = Story.drawn(seed: 3, tenants: 3, operators: 2, days: 6)
        full = Story(full.mishaps + [Mishap(minute: 4000, .machineCrashes, whom: 1, amount: 9)])
        let found = try await Self.run(
            "--seed", "3", "--tenants", "3", "--operators", "2", "--days", "6", "--story", full.description, "--forbid", "machineCrashes", "--tries", "60")
        #expect(found.code == 1)
        let command = try #require(found.said.split(separator: "\n").last { $0.contains("--tries 0") }.map(String.init))
        let story = try #require(command.firstMatch(of: /--story (\S+)/).flatMap { Story(String($0.1)) })
        #expect(story.mishaps.count == 1 && story.mishaps[0].kind == .machineCrashes, "\(found.said)")
        let words = command.split(separator: " ").map(String.init).dropFirst()
        let again = try await EndedProgram.run([Self.program] + words)
        #expect(again.code == 1)
        let shortest = try #require(found.said.firstMatch(of: /shortest story found, journal ([0-9a-f]{64})/)).1
        #expect(Self.journal(again.said) == String(shortest), "\(again.said)")
    }

    @Test("a world in which nothing goes wrong comes to its end")
    func quiet() async throws {
        let run = try await Self.run("--seed", "1", "--tenants", "2", "--operators", "1", "--story", "none")
        #expect(run.code == 0 && run.said.contains("2 done"), "\(run.said)")
    }

    @Test("a journal that is put back twice and a fleet file that names others keep nobody from the end")
    func putBack() async throws {
        let story = "3000:notNamed:1:30,4000:journalPutBack:0:900,9000:labelledOtherwise:1:48,20000:namedLate:2:0,30000:journalPutBack:0:600"
        let run = try await Self.run("--seed", "1", "--tenants", "3", "--operators", "2", "--days", "70", "--story", story)
        #expect(run.code == 0 && run.said.contains("3 done"), "\(run.said)")
    }

    @Test("a story is written as it is read, and a text that is none is refused")
    func story() async throws {
        let drawn = Story.drawn(seed: 5, tenants: 4, operators: 2, days: 45)
        #expect(drawn.mishaps.count > 20)
        #expect(Story(drawn.description) == drawn)
        #expect(Story("none") == Story([]))
        for text in ["", "x", "1:held:0", "1:nothing:0:0", "1:held:0:1,,x"] { #expect(Story(text) == nil, "\(text)") }
        #expect(try await Self.run("--story", "x").code == 64)
    }

    @Test("what befalls a tenant does not depend on how many there are")
    func apart() {
        let (few, many) = (Story.drawn(seed: 9, tenants: 2, operators: 1, days: 45), Story.drawn(seed: 9, tenants: 7, operators: 1, days: 45))
        #expect(Set(few.mishaps).isSubset(of: Set(many.mishaps)))
    }
}
