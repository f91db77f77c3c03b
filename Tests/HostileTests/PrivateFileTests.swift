import ArgumentParser
import Cutover
import CutoverTestKit
import Foundation
import Journals
import Testing

@testable import cutoverctl

@Suite("files that are for their owner alone") struct PrivateFileTests {
    let folder = NSTemporaryDirectory() + "private-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    func mode(_ name: String) -> Int? {
        var facts = stat()
        return lstat("\(folder)/\(name)", &facts) == 0 ? Int(facts.st_mode & 0o777) : nil
    }

    @Test("a journal and what SQLite keeps beside it, its export, a saved preview and a new key")
    func modes() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let journal = try SQLiteJournal.open(path: "\(folder)/cutover.db", create: true) { "journal-of-a-test" }
        let engine = Engine(
            plan: LampCatalog.plan(), fleet: LampCatalog.fleet("acme"), catalog: LampCatalog.catalog, journal: journal, time: ManualTime(), me: "ann", holder: LeaseHolder(name: "one", seconds: 60)
        ) { _ in LampCatalog.transport() }
        _ = try await engine.advance("acme")
        for name in ["cutover.db", "cutover.db-wal", "cutover.db-shm"] { #expect(mode(name) == 0o600, "\(name)") }

        let quiet = Console { _, _ in }
        // Somebody's own file of that name, open to all, does not stay so.
        try Data().write(to: URL(fileURLWithPath: "\(folder)/export.jsonl"))
        chmod("\(folder)/export.jsonl", 0o666)
        let words = ["--journal", "\(folder)/cutover.db", "--plan", "none", "--fleet", "none", "--as", "ann"]
        #expect(try await JournalExportCommand.parse(["\(folder)/export.jsonl"] + words).carryOut(quiet) == .done)
        #expect(mode("export.jsonl") == 0o600)
        #expect(try await KeyNew.parse(["--out", "\(folder)/key", "--as", "ann"]).carryOut(quiet) == .done)
        #expect(mode("key") == 0o600)
        let plan = LampCatalog.plan()
        try SavedPreviewFile.write(SavedPreview(preview: "0", at: ManualTime.beginning, plan: plan, byWaves: true, to: nil, tenants: [], standings: [:]), to: "\(folder)/preview.json")
        #expect(mode("preview.json") == 0o600)
        try SavedAdoptionFile.write(SavedAdoption(at: ManualTime.beginning, plan: plan, shown: []), to: "\(folder)/adoption.json")
        #expect(mode("adoption.json") == 0o600)
    }

    @Test("a key that others can read is refused in words, and one behind a planted link is not made", arguments: [0o640, 0o604, 0o660, 0o644])
    func key(mode: Int) async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (path, quiet) = ("\(folder)/key", Console { _, _ in })
        _ = try await KeyNew.parse(["--out", path, "--as", "ann"]).carryOut(quiet)
        _ = try KeyFile.read(path)
        chmod(path, mode_t(mode))
        let failure = #expect(throws: CommandFailure.self) { try KeyFile.read(path) }
        #expect(failure?.why == "others than you can read it" && failure?.next == "chmod 600 \(path)")
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/planted", withDestinationPath: "\(folder)/elsewhere")
        await #expect(throws: CommandFailure.self) { try await KeyNew.parse(["--out", "\(folder)/planted", "--as", "ann"]).carryOut(quiet) }
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/elsewhere"))
    }
}
