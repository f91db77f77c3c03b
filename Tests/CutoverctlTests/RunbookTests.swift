import ArgumentParser
import Cutover
import Foundation
import PlanFiles
import RunbookReader
import Testing

@testable import cutoverctl

/// What is written for people who are in a hurry has to be what the program understands.
@Suite("commands in runbooks, README and docs") struct RunbookTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// What stands for something of the reader's, as the command line takes it.
    private static let values: [String: [String]] = [
        "TENANT": ["acme"], "WAVE": ["rest"], "STEP": ["A1/env.wire"], "PERSON": ["lead-1"], "TEXT": ["why"], "NUMBER": ["3"], "REASON": ["blank-content"],
        "NAME": ["issue-769"], "CLAIM": ["claim"],
    ]

    private static func text(_ path: String) throws -> String { try String(contentsOf: root.appending(path: path), encoding: .utf8) }

    private static func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path).filter { $0.hasSuffix(".md") }.sorted().map { "\(folder)/\($0)" }
    }

    private static func runbooks() throws -> [Runbook] { try names(in: "runbooks").map { try Runbook(file: $0, text: try text($0)) } }

    /// Nil when these words are understood; else what the command line says.
    private static func complaint(about words: [String]) -> String? {
        do {
            _ = try Cutoverctl.parseAsRoot(words)
            return nil
        } catch { return Cutoverctl.exitCode(for: error).rawValue == 0 ? nil : Cutoverctl.message(for: error) }
    }

    /// Every line of code that calls cutoverctl, filled in.
    private static func complaints(_ place: String, _ line: String) -> [String] {
        Placeholders.filled(line, values).flatMap { line in
            ShellWords.programs(in: line).filter { $0.first == "cutoverctl" }.compactMap { words in
                complaint(about: Array(words.dropFirst())).map { "\(place): \(line): \($0.split(separator: "\n").first ?? "")" }
            }
        }
    }

    @Test("every command of a runbook is one, and it is understood")
    func runbookCommands() throws {
        let commands = try Self.runbooks().flatMap(\.commands)
        #expect(commands.count > 100)
        for command in commands {
            for complaint in Self.complaints(command.description, command.text) { Issue.record("\(complaint)") }
            let programs = ShellWords.programs(in: command.text).compactMap(\.first)
            #expect([["cutoverctl"], ["touch"], ["rm"]].contains(programs), "\(command)")
            #expect(!command.scene.isEmpty, "\(command) stands in no scene, so no test knows when to run it")
            #expect(command.codes.isSubset(of: Set(CommandExit.allCases.map { Int($0.rawValue) })), "\(command) ends with a code that does not exist")
        }
    }

    @Test("what README, docs and runbooks say to type, in blocks and in running text, is understood")
    func documents() throws {
        var seen = 0
        for path in try ["README.md", "CONTRIBUTING.md"] + Self.names(in: "docs") + Self.names(in: "runbooks") {
            let text = try Self.text(path)
            for (line, code) in Self.fenced(text) + InlineCode.of(text) where code.contains("cutoverctl ") {
                seen += 1
                for complaint in Self.complaints("\(path):\(line)", code) where !Self.isOnlyNamed(code) { Issue.record("\(complaint)") }
            }
        }
        #expect(seen > 150)
    }

    /// `cutoverctl key new`: the name of a command and not a line to type. It has to be one all the same.
    private static func isOnlyNamed(_ code: String) -> Bool {
        let words = code.split(separator: " ").dropFirst().map(String.init)
        return !words.contains { $0.hasPrefix("-") } && code.hasPrefix("cutoverctl ") && complaint(about: words + ["--help"]) == nil
    }

    private static func fenced(_ text: String) -> [(line: Int, code: String)] {
        var found: [(Int, String)] = []
        var isFenced = false
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.trimmingCharacters(in: .whitespaces).hasPrefix("```") { isFenced.toggle() } else if isFenced { found.append((index + 1, String(line))) }
        }
        return found
    }

    @Test("there is a runbook for each phase of the plan, and it names all of its steps")
    func phases() throws {
        let plan = try #require(PlanFile.read(path: Self.root.appending(path: "Plans/memory-ssot.yaml").path, catalog: Wiring.catalog).0)
        #expect(plan.phases.count == 4)
        for phase in plan.phases {
            let text = try Self.text("runbooks/phase-\(phase.id).md")
            for step in phase.steps { #expect(text.contains("`\(step.id)`"), "phase-\(phase.id).md does not name \(step.id)") }
        }
    }

    @Test("every link between documents leads to a page and a heading that are there")
    func links() throws {
        var seen = 0
        for path in try ["README.md"] + Self.names(in: "docs") + Self.names(in: "runbooks") {
            for match in try Self.text(path).matches(of: /\]\(([^)#:]*)(?:#([^)]+))?\)/) {
                seen += 1
                let folder = (path as NSString).deletingLastPathComponent
                let target = match.1.isEmpty ? path : (folder.isEmpty ? "" : folder + "/") + match.1
                guard let text = try? Self.text(target) else {
                    Issue.record("\(path): there is no \(target)")
                    continue
                }
                guard let anchor = match.2 else { continue }
                let anchors = text.split(separator: "\n").filter { $0.hasPrefix("#") }.map(Self.anchor)
                #expect(anchors.contains(String(anchor)), "\(path): \(target) has no heading #\(anchor)")
            }
        }
        #expect(seen > 15)
    }

    /// As GitHub makes it.
    private static func anchor(_ heading: some StringProtocol) -> String {
        let words = heading.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).lowercased()
        return String(words.compactMap { $0 == " " ? "-" : $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" ? $0 : nil })
    }

    @Test("a command that the program has is in some runbook")
    func complete() throws {
        let typed = Set(try Self.runbooks().flatMap(\.commands).flatMap { ShellWords.programs(in: $0.text) }.filter { $0.first == "cutoverctl" }.map { $0[1] })
        // The lab is for trying; the host's own program is not for people; a saved preview, an attestation and an import are told of in the README.
        let elsewhere: Set<String> = ["lab", "host", "apply", "attest"]
        let known = Set(Cutoverctl.configuration.subcommands.map { $0._commandName })
        #expect(known.subtracting(typed).subtracting(elsewhere).isEmpty, "no runbook tells when to type \(known.subtracting(typed).subtracting(elsewhere).sorted())")
    }
}

@Suite("reading runbooks") struct RunbookReaderTests {
    private func commands(_ lines: String...) throws -> [Runbook.Command] { try Runbook(file: "r.md", text: lines.joined(separator: "\n")).commands }

    @Test("commands are the lines of sh blocks, with scene and exit codes")
    func commands() throws {
        let found = try commands(
            "<!-- scene: dark -->", "text `cutoverctl nothing`", "```sh", "cutoverctl status", "# only a word", "", "cutoverctl why TENANT  # ends with 3: because", "```", "```console", "not a command", "```",
            "<!-- scene: light -->", "```sh", "cutoverctl check T \\", "  --json   # ends with 0, 2 or 6", "```")
        #expect(found.map(\.text) == ["cutoverctl status", "cutoverctl why TENANT", "cutoverctl check T --json"])
        #expect(found.map(\.codes) == [[0], [3], [0, 2, 6]])
        #expect(found.map(\.scene) == ["dark", "dark", "light"] && found.map(\.line) == [4, 7, 14])
    }

    @Test("an open block, an end without a number and a line that goes on into nothing are flaws", arguments: [
        "```sh\ncutoverctl status", "```sh\ncutoverctl status # ends with trouble\n```", "```sh\ncutoverctl status \\\n```",
    ])
    func flaws(text: String) { #expect(throws: Runbook.Flaw.self) { try Runbook(file: "r.md", text: text) } }

    @Test("words are those that a shell would hand on", arguments: [
        (#"cutoverctl hold --all --reason "two words" # why"#, [["cutoverctl", "hold", "--all", "--reason", "two words"]]),
        ("A=1 B_C=2 x y > f 2> g", [["x", "y"]]), ("a | b 'c # d' && e", [["a"], ["b", "c # d"], ["e"]]), ("# nothing", []), (#"a "" b"#, [["a", "", "b"]]), ("cmd a=b", [["cmd", "a=b"]]),
    ])
    func words(line: String, programs: [[String]]) { #expect(ShellWords.programs(in: line) == programs) }

    @Test("a word in capitals stands for each of its values in turn; a variable does not")
    func placeholders() {
        #expect(Placeholders.names(in: "a TENANT --to A1/env.wire $PATH CUTOVER_PLAN \"TEXT\" TENANT-x FILE.html") == ["TENANT", "TEXT", "FILE"])
        #expect(Placeholders.filled("a TENANT PERSON TENANTS", ["TENANT": ["acme"], "PERSON": ["x", "y"]]) == ["a acme x TENANTS", "a acme y TENANTS"])
        #expect(Placeholders.filled("a OTHER", [:]) == ["a OTHER"])
    }
}
