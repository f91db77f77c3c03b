import Foundation
import ProgramsTestKit
import Testing

/// Each fixture is compiled twice: with `BAD` set it must fail with exactly the errors that its lines announce, without it it must compile.
@Suite("what the types do not let a step do") struct TypeWallTests {
    private static let fixtures = Repository.root.appending(path: "Tests/Fixtures/walls")

    @Test("a bad fixture does not compile, for the reason it should, and its good twin does", arguments: try! Self.names())
    func wall(name: String) async throws {
        let text = try String(contentsOf: Self.fixtures.appending(path: name), encoding: .utf8)
        let good = try await Compiler.check(text, name: name, bad: false)
        #expect(good.exitCode == 0, "the good twin does not compile:\n\(good.output)")
        let bad = try await Compiler.check(text, name: name, bad: true)
        #expect(bad.exitCode != 0)
        let announced = Self.announced(text)
        try #require(!announced.isEmpty)
        let found = Self.errors(bad.output)
        #expect(found.map(\.line) == announced.map(\.line), "\(bad.output)")
        for (found, announced) in zip(found, announced) { #expect(found.text.contains(announced.text)) }
    }

    @Test("all the walls have a fixture")
    func all() throws { #expect(try Self.names().count >= 10) }

    private static func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: fixtures.path).filter { $0.hasSuffix(".swift.txt") }.sorted()
    }

    private static func announced(_ text: String) -> [(line: Int, text: String)] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
            line.range(of: "// error: ").map { (index + 1, String(line[$0.upperBound...])) }
        }
    }

    /// One for each line of the fixture that has any.
    private static func errors(_ output: String) -> [(line: Int, text: String)] {
        var found: [Int: String] = [:]
        for match in output.matches(of: #/fixture\.swift:(\d+):\d+: error: (.*)/#) {
            if let line = Int(match.1) { found[line, default: ""] += match.2 + "\n" }
        }
        return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

enum Repository {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}

/// The Swift compiler, run on one file against the modules that were built beside this test bundle.
enum Compiler {
    struct Trouble: Error, CustomStringConvertible { let description: String }

    static func check(_ text: String, name: String, bad: Bool) async throws -> (exitCode: Int, output: String) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "walls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "fixture.swift")
        try text.write(to: file, atomically: true, encoding: .utf8)
        let ended = try await EndedProgram.run(
            ["swiftc", "-typecheck", "-parse-as-library", "-swift-version", "6", "-diagnostic-style", "llvm"] + (bad ? ["-D", "BAD"] : []) + (try searchPaths())
                + [file.path])
        return (ended.code, ended.said)
    }

    /// The built Swift modules, and the C modules behind them.
    private static func searchPaths() throws -> [String] {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let modules = URL(fileURLWithPath: bundle).deletingLastPathComponent().appending(path: "Modules").path
        guard FileManager.default.fileExists(atPath: "\(modules)/Cutover.swiftmodule") else {
            throw Trouble(description: "\(modules)/Cutover.swiftmodule is not built: swift build --build-tests")
        }
        let sources = Repository.root.appending(path: "Sources").path
        let systemModules = try FileManager.default.contentsOfDirectory(atPath: sources).filter {
            FileManager.default.fileExists(atPath: "\(sources)/\($0)/module.modulemap")
        }
        let checkouts = URL(fileURLWithPath: bundle).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "checkouts").path
        let packaged = try FileManager.default.contentsOfDirectory(atPath: checkouts).flatMap { package in
            ((try? FileManager.default.contentsOfDirectory(atPath: "\(checkouts)/\(package)/Sources")) ?? []).map { "\(checkouts)/\(package)/Sources/\($0)/include" }
        }.filter { FileManager.default.fileExists(atPath: "\($0)/module.modulemap") }
        return ["-I", modules] + packaged.sorted().flatMap { ["-I", $0] } + systemModules.sorted().flatMap { ["-I", "\(sources)/\($0)"] } + ["-Xcc", "-I/usr/include/postgresql"]
    }
}
