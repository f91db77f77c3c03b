import Cutover
import Foundation
import Host
import Telling

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What hooks were told, in a file beside the journal. One process of a machine has it at a time, so that two loops do not tell the same twice.
actor ToldFile: ToldRecord {
    private struct Content: Codable {
        var formatVersion = 1
        let journal: String
        var hooks: [String: Told] = [:]
    }

    private let path: String
    private let journal: JournalID
    private let lock: Int32

    /// Nil when another process has it.
    init?(path: String, journal: JournalID) {
        self.path = path
        self.journal = journal
        lock = open("\(path).lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else { return nil }
    }

    deinit { close(lock) }

    /// Beside the journal's file; in the current folder where that is elsewhere.
    static func path(ofJournal journal: String) -> String { Doorbell.file(ofJournal: journal).map { "\($0).told" } ?? "cutover.told" }

    func read(_ hook: String) async throws -> Told? { try content().hooks[hook] }

    func write(_ told: Told, of hook: String) async throws {
        // What can't be read is not lost by writing: nothing of it could be used.
        var content = (try? content()) ?? Content(journal: journal.text)
        content.hooks[hook] = told
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try DurableFile.write(String(decoding: try encoder.encode(content), as: UTF8.self), to: path)
    }

    /// Another journal's places mean nothing in this one.
    private func content() throws -> Content {
        guard FileManager.default.fileExists(atPath: path) else { return Content(journal: journal.text) }
        let content = try JSONDecoder().decode(Content.self, from: try Data(contentsOf: URL(filePath: path)))
        return content.journal == journal.text ? content : Content(journal: journal.text)
    }
}
