import Cutover
import Foundation
import ProgramsTestKit
import Testing

@testable import Phases
@testable import fuzz
@testable import Host

/// In a process of its own: what breaks there is told, and breaks nothing here.
@Suite("hostile input", .serialized) struct CorpusTests {
    static let program = URL(fileURLWithPath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0])
        .deletingLastPathComponent().appendingPathComponent("fuzz").path

    @Test("everything in the corpus, and everything nasty by design, is read without a crash, a hang or memory without bound", arguments: Target.all.map(\.name))
    func replay(target: String) async throws {
        let ended = try await EndedProgram.run([Self.program, "replay", target])
        #expect(ended.code == 0, "\(ended.said)")
    }

    @Test("nothing breaks of what is made of it by chance")
    func sample() async throws {
        let seed = ProcessInfo.processInfo.environment["SEED"] ?? String(UInt32.random(in: 1...999_999))
        print("hostile input: seed \(seed)")
        let ended = try await EndedProgram.run([Self.program, "all", "--seconds", "10", "--seed", seed, "--throw-away"])
        #expect(ended.code == 0, "fuzz all --seconds 10 --seed \(seed)\n\(ended.said)")
    }

    @Test("a target has inputs that are kept", arguments: Target.all.map(\.name))
    func corpus(target: String) throws { #expect(try !Corpus(Corpus.own).inputs(of: target).isEmpty) }

    @Test("what ends a worker is told, and kept in the corpus")
    func broken() async throws {
        let folder = NSTemporaryDirectory() + "corpus-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for how in ["crash", "hang", "wait", "memory"] {
            let ended = try await EndedProgram.run([Self.program, "broken-\(how)", "--seconds", "1", "--corpus", folder])
            #expect(ended.code == 1 && ended.said.contains("BROKE"), "\(how): \(ended.said)")
            #expect(try Corpus(folder).inputs(of: "broken-\(how)").count == 1)
        }
    }

    @Test("the liar knows how to answer every operation of the catalogue")
    func operations() {
        let known = Set(Liar.operations.keys)
        // Long works are ordered and asked after by operations made from their names.
        let works = MemoryCatalog.hostOperations.works.keys.flatMap { [$0, "\($0).state"] }
        let missing = MemoryCatalog.hostOperations.handlers.keys.filter { !known.contains($0) && !works.contains($0.text) }
        #expect(missing.isEmpty, "\(missing.map(\.text).sorted())")
    }
}
