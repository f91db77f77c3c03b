import Cutover
import Foundation
import Host

/// A saved preview as a file.
enum SavedPreviewFile {
    static func write(_ saved: SavedPreview, to path: String) throws(CommandFailure) {
        do { try DurableFile.write(try JSONText.document(saved) + "\n", to: path) } catch {
            throw CommandFailure("the preview can't be saved", why: "\(error)", next: "name a file in a folder that is yours with -o FILE")
        }
    }

    /// Throws for a file that is not there, is cut off, or was changed since it was saved.
    static func read(_ path: String) throws(CommandFailure) -> SavedPreview {
        func refused(_ why: String) -> CommandFailure { CommandFailure("\(path) can't be applied", why: why, next: "cutoverctl preview -o FILE") }
        guard let bytes = FileManager.default.contents(atPath: path) else { throw refused("it can't be read") }
        guard let version = try? JSONDecoder().decode(Version.self, from: bytes) else { throw refused("it is no saved preview, or only a part of one") }
        guard version.formatVersion == SavedPreview.formatVersion else {
            throw refused("it is of format \(version.formatVersion), and this build knows \(SavedPreview.formatVersion)")
        }
        guard let saved = try? JSONDecoder().decode(SavedPreview.self, from: bytes) else { throw refused("it is a preview that was not saved with -o, or only a part of one") }
        guard saved.isWhole else { throw refused("it is not what was saved: somebody has changed it") }
        return saved
    }

    private struct Version: Decodable { let formatVersion: Int }
}
