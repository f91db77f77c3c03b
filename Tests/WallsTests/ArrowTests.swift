import Foundation
import Testing

/// On a warm build an import that no target declares compiles all the same; so the arrows between the rooms are read from the sources.
@Suite("which room knows which") struct ArrowTests {
    /// What each room may import besides the standard library's own modules and Foundation.
    private static let arrows: [String: Set<String>] = [
        "CrashPoints": [],
        "Cutover": ["Crypto"],
        "Postgres": ["CLibpq", "CrashPoints", "Dispatch"],
        "HTTP": ["CCurl", "CrashPoints", "Dispatch"],
        "DataPath": ["Postgres", "HTTP", "CrashPoints", "Crypto", "CZlib"],
        "Host": ["Cutover", "CrashPoints", "Crypto", "Subprocess", "System", "SystemPackage"],
        "Archives": ["DataPath", "HTTP", "Crypto"],
        "Phases": ["Cutover", "Host", "DataPath", "Archives", "Postgres", "HTTP", "CrashPoints", "Crypto"],
        "PlanFiles": ["Cutover", "Yams", "Crypto"],
        "Journals": ["Cutover", "CrashPoints", "Postgres", "GRDB"],
        "Simulation": ["Cutover"],
        "Transports": ["Cutover", "CrashPoints", "Crypto", "CZlib", "HTTP", "Subprocess", "System", "SystemPackage"],
        "CutoverTestKit": ["Cutover"],
        "ProgramsTestKit": ["Subprocess", "System", "SystemPackage"],
        "RunbookReader": [],
        "cutoverctl": ["Cutover", "Phases", "Host", "PlanFiles", "Journals", "Transports", "Simulation", "Metering", "Telling", "ArgumentParser", "CoreMetrics", "Logging"],
        "Telling": ["Cutover", "HTTP", "Subprocess", "System", "SystemPackage"],
        "Metering": ["CoreMetrics", "Hummingbird", "Logging", "NIOCore"],
        "Lab/LabKit": ["CLibpq", "CCurl", "Crypto", "Hummingbird", "Logging", "NIOCore"],
        "Lab/cutover-lab": ["LabKit", "ArgumentParser"],
        "Lab/lab-plugin": ["LabKit"],
        "Lab/lab-workspace-server": ["LabKit"],
    ]
    private static let everywhere: Set<String> = ["Foundation", "Glibc", "Musl", "Darwin", "Synchronization"]
    private static let sources = Repository.root.appending(path: "Sources").path

    @Test("a room imports only what the arrows allow", arguments: arrows.keys.sorted())
    func imports(room: String) throws {
        let allowed = try #require(Self.arrows[room])
        let files = try Self.files(room)
        #expect(!files.isEmpty)
        for file in files {
            let strangers = try Self.imports(of: file).subtracting(allowed).subtracting(Self.everywhere)
            #expect(strangers.isEmpty, "\(file) imports \(strangers.sorted())")
        }
    }

    @Test("every room is known here, or holds nothing but a C module's map")
    func rooms() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: Self.sources) where name != "Lab" {
            guard Self.arrows[name] == nil else { continue }
            #expect(try Self.files(name).isEmpty, "\(name) has no arrows")
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: "\(Self.sources)/Lab") { #expect(Self.arrows["Lab/\(name)"] != nil, "Lab/\(name) has no arrows") }
    }

    @Test("the engine is ignorant of memories, hosts and databases")
    func engine() throws {
        for file in try Self.files("Cutover") { #expect(try Self.imports(of: file).isSubset(of: ["Foundation", "Crypto", "Synchronization"]), "\(file)") }
    }

    @Test("the lab is an independent reading of the contract: it imports nothing of ours")
    func lab() throws {
        let ours = Set(Self.arrows.keys).subtracting(["Lab/LabKit"])
        for room in ["Lab/LabKit", "Lab/cutover-lab", "Lab/lab-plugin", "Lab/lab-workspace-server"] {
            for file in try Self.files(room) { #expect(try Self.imports(of: file).isDisjoint(with: ours), "\(file)") }
        }
    }

    @Test("transports and journals are joined with the rest in one file only")
    func wiring() throws {
        for file in try Self.files("cutoverctl") where !file.hasSuffix("/Wiring.swift") {
            #expect(try Self.imports(of: file).isDisjoint(with: ["Transports", "Journals"]), "\(file)")
        }
    }

    @Test("the manifest lets no room depend on more than its arrows")
    func manifest() throws {
        let text = try String(contentsOf: Repository.root.appending(path: "Package.swift"), encoding: .utf8)
        var seen: Set<String> = []
        for match in text.matches(of: #/room\(\s*"(\w+)",\s*\[([^\]]*)\](?:, path: "Sources/([^"]+)")?/#) {
            let room = match.3.map(String.init) ?? String(match.1)
            let allowed = try #require(Self.arrows[room], "\(room) has no arrows")
            let needed = Set(match.2.split(separator: ",").map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " \"\n")).lowercased() })
            #expect(needed.subtracting(allowed.map { $0.lowercased() }).isEmpty, "\(room)")
            seen.insert(room)
        }
        #expect(seen.isSuperset(of: ["Cutover", "Phases", "DataPath", "Transports", "Lab/LabKit"]))
    }

    @Test("an import is found however it is written", arguments: [
        ("import A", ["A"]), ("public import A", ["A"]), ("@testable import A", ["A"]), ("  @_spi(X) internal import struct A.B", ["A"]),
        ("// import A", []), ("let important = 1", []), ("@preconcurrency import A\nimport B // why", ["A", "B"]),
    ])
    func reading(text: String, modules: [String]) { #expect(Self.imports(in: text) == Set(modules)) }

    private static func files(_ room: String) throws -> [String] {
        let names = FileManager.default.enumerator(atPath: "\(sources)/\(room)")?.allObjects as? [String] ?? []
        return names.filter { $0.hasSuffix(".swift") }.sorted().map { "\(sources)/\(room)/\($0)" }
    }

    private static func imports(of file: String) throws -> Set<String> { imports(in: try String(contentsOfFile: file, encoding: .utf8)) }

    private static func imports(in text: String) -> Set<String> {
        let statement = #/^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|typealias|func|let|var)\s+)?(\w+)/#
        return Set(text.split(separator: "\n").compactMap { $0.firstMatch(of: statement).map { String($0.1) } })
    }
}
