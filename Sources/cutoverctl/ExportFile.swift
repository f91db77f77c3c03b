import Cutover
import Foundation

/// A journal that was written to a file.
enum ExportFile {
    static func read(_ path: String) throws(CommandFailure) -> JournalRecords {
        guard let bytes = FileManager.default.contents(atPath: path), let text = String(data: bytes, encoding: .utf8) else {
            throw CommandFailure("the export can't be read", why: "\(path) is not there, not readable or not text", next: "cutoverctl journal export FILE")
        }
        do { return try JournalExport.read(text) } catch {
            throw CommandFailure("the export is not whole", why: "\(path): \(error)", next: "export again: cutoverctl journal export FILE")
        }
    }
}
