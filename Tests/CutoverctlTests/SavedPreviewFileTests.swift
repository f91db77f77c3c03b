import Cutover
import CutoverTestKit
import Foundation
import Testing

@testable import cutoverctl

@Suite("the file of a saved preview")
struct SavedPreviewFileTests {
    private let engine = Engine(
        plan: LampCatalog.plan(), fleet: LampCatalog.fleet("acme"), catalog: LampCatalog.catalog, journal: MemoryJournal(), time: ManualTime(), me: "-",
        holder: LeaseHolder(name: "test", seconds: 15)
    ) { _ in LampCatalog.transport() }

    private func inFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "cutover-previews-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    private func write(_ path: String) async throws -> SavedPreview {
        let saved = engine.saved([(try await engine.preview("acme"), try await engine.stand(of: "acme"))], byWaves: true, to: nil, random: SeededRandom(3))
        try SavedPreviewFile.write(saved, to: path)
        return saved
    }

    @Test("is read as it was written, also when only its spaces were changed")
    func asWritten() async throws {
        try await inFolder { folder in
            let saved = try await write("\(folder)/p")
            #expect(try SavedPreviewFile.read("\(folder)/p") == saved)
            let text = try String(contentsOfFile: "\(folder)/p", encoding: .utf8)
            try text.replacing("\n", with: "\r\n").write(toFile: "\(folder)/spaced", atomically: true, encoding: .utf8)
            #expect(try SavedPreviewFile.read("\(folder)/spaced") == saved)
        }
    }

    @Test("is refused when it is cut off anywhere")
    func cutOff() async throws {
        try await inFolder { folder in
            _ = try await write("\(folder)/p")
            let bytes = try Data(contentsOf: URL(filePath: "\(folder)/p"))
            for length in stride(from: 0, to: bytes.count - 2, by: max(1, bytes.count / 97)) {
                try bytes.prefix(length).write(to: URL(filePath: "\(folder)/cut"))
                let failure = #expect(throws: CommandFailure.self) { try SavedPreviewFile.read("\(folder)/cut") }
                #expect(failure?.why == "it is no saved preview, or only a part of one")
            }
        }
    }

    @Test("is refused when it is missing, something else, of another format, or edited")
    func refused() async throws {
        try await inFolder { folder in
            _ = try await write("\(folder)/p")
            let text = try String(contentsOfFile: "\(folder)/p", encoding: .utf8)
            let files = [
                ("", "it is no saved preview"), ("cutover: 1\nphases: []\n", "it is no saved preview"), ("[1, 2]", "it is no saved preview"),
                (#"{ "formatVersion": 1, "planDigest": "d", "tenants": [] }"#, "not saved with -o"),
                (text.replacing(#""formatVersion" : 1"#, with: #""formatVersion" : 2"#), "of format 2"),
                (text.replacing(#""answer" : "open""#, with: #""answer" : "shut""#), "somebody has changed it"),
                (text.replacing(#""byWaves" : true"#, with: #""byWaves" : false"#), "somebody has changed it"),
                (text.replacing(#""tenant" : "acme""#, with: #""tenant" : "zeta""#), "somebody has changed it"),
            ]
            for (text, why) in files {
                try text.write(toFile: "\(folder)/q", atomically: true, encoding: .utf8)
                let failure = #expect(throws: CommandFailure.self) { try SavedPreviewFile.read("\(folder)/q") }
                #expect(failure?.why.contains(why) == true && failure?.status == .failed && failure?.next.contains("preview -o") == true, "\(failure?.why ?? "") for \(text.prefix(60))")
            }
            #expect(throws: CommandFailure.self) { try SavedPreviewFile.read("\(folder)/nowhere") }
        }
    }
}
