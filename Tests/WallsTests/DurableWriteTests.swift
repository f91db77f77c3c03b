import Foundation
import ProgramsTestKit
import Testing

/// What lasts goes through a place at which a process can be killed, so that every such place is tried out.
@Suite("where something lasts, there is a crash point") struct DurableWriteTests {
    /// What makes something last, or begins something outside, and how that is spelled.
    private static let writers = [
        #"\bfsync\("#, #"\bfdatasync\("#, #"\brename(at2?)?\((?!_)"#, #"\blink\([^)]*\) == 0"#, #""COMMIT""#, #"\.atomic\b"#, #"\bO_CREAT\b"#, #"\bcreateFile\("#, #"\.synchronize\(\)"#,
        #"\bSubprocess\.run\("#, #"\bawait run\(\s*\.path"#, #"\bposix_spawn"#, #"\bPQexec"#, #"\bqueue\.write\b"#, #"\bcurl_easy_perform\b"#, #"\bcarryOut\(_ request: HTTPRequest"#,
    ]
    /// Files that have no point of their own, and why none is missing.
    private static let excused = [
        "Host/SystemDisk.swift": "what carries out the stages of DurableFile.swift, which has the points",
        "Phases/Parity/ParityFiles.swift": "a list for people to read, made anew by every comparison",
        "Postgres/CopyStreams.swift": "a COPY is part of a transaction that has its points",
        "Telling/CommandDoor.swift": "tells somebody, who is told again under the same id where that is not on record",
        "cutoverctl/Unattended/ToldFile.swift": "a lock, which nobody misses; what lasts goes through DurableFile.swift",
        "Transports/SSH/SSHClient.swift": "its deliveries have their points in SSHTransport.swift",
        "Transports/SSH/SSHSession.swift": "the same",
        "Transports/AWS/ProcessCredentials.swift": "a program that is asked for keys: nothing lasts",
    ]
    private static let ignored = ["Lab", "CrashPoints", "CutoverTestKit", "ProgramsTestKit", "Simulation"]
    private static let sources = Repository.root.appending(path: "Sources").path

    private static func files() throws -> [String] {
        let names = FileManager.default.enumerator(atPath: sources)?.allObjects as? [String] ?? []
        return names.filter { name in name.hasSuffix(".swift") && !ignored.contains { name.hasPrefix("\($0)/") } }.sorted()
    }

    /// Comments left out.
    private static func code(_ name: String) throws -> String {
        try String(contentsOfFile: "\(sources)/\(name)", encoding: .utf8).split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }.joined(separator: "\n")
    }

    private static func writes(_ code: String) -> Bool { writers.contains { code.range(of: $0, options: .regularExpression) != nil } }

    @Test("every file that makes something last has a crash point, or says why it needs none")
    func points() throws {
        var found = 0
        for name in try Self.files() {
            let code = try Self.code(name)
            guard Self.writes(code) else { continue }
            found += 1
            #expect(code.contains("CrashPoint.reached") || Self.excused[name] != nil, "\(name) makes something last and has no crash point")
        }
        #expect(found >= 14)
    }

    @Test("nobody is excused who has nothing to be excused of")
    func excuses() throws {
        for (name, _) in Self.excused where FileManager.default.fileExists(atPath: "\(Self.sources)/\(name)") {
            #expect(try Self.writes(try Self.code(name)), "\(name)")
        }
    }

    @Test("a write is found however it is spelled", arguments: [
        ("guard fsync(file) == 0", true), ("try text.write(to: url, options: .atomic)", true), ("try await execute(\"COMMIT\")", true), ("rename(old, new)", true), ("read(file)", false),
    ])
    func spelling(code: String, writes: Bool) { #expect(Self.writes(code) == writes) }

    @Test("a release has no crash points, and a debug build has")
    func release() async throws {
        let manifest = try String(contentsOf: Repository.root.appending(path: "Package.swift"), encoding: .utf8)
        #expect(manifest.matches(of: /CRASH_POINTS/).count == 1 && manifest.contains(#".define("CRASH_POINTS", .when(configuration: .debug))"#))
        for (settings, has) in [([], false), (["-D", "CRASH_POINTS"], true)] {
            let object = FileManager.default.temporaryDirectory.appending(path: "crash-points-\(UUID()).o").path
            defer { try? FileManager.default.removeItem(atPath: object) }
            let names = try FileManager.default.contentsOfDirectory(atPath: "\(Self.sources)/CrashPoints").sorted().map { "\(Self.sources)/CrashPoints/\($0)" }
            let ended = try await EndedProgram.run(["swiftc", "-O", "-wmo", "-parse-as-library", "-module-name", "CrashPoints", "-emit-object", "-o", object] + settings + names)
            try #require(ended.code == 0, "\(ended.said)")
            let bytes = try #require(FileManager.default.contents(atPath: object))
            #expect((bytes.range(of: Data("CUTOVER_CRASH_POINTS".utf8)) != nil) == has)
        }
    }
}
