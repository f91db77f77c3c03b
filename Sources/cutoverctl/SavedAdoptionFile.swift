import Cutover
import Foundation
import Host

/// A saved preview of taking up a plan, as a file.
enum SavedAdoptionFile {
    static func write(_ saved: SavedAdoption, to path: String) throws(CommandFailure) {
        do { try DurableFile.write(try JSONText.document(saved) + "\n", to: path) } catch {
            throw CommandFailure("the preview can't be saved", why: "\(error)", next: "name a file in a folder that is yours with -o FILE")
        }
    }

    /// Throws for a file that is not there, is cut off, or was changed since it was saved.
    static func read(_ path: String) throws(CommandFailure) -> SavedAdoption {
        func refused(_ why: String) -> CommandFailure { CommandFailure("\(path) can't be adopted from", why: why, next: "cutoverctl adopt --preview -o FILE") }
        guard let bytes = FileManager.default.contents(atPath: path) else { throw refused("it can't be read") }
        guard let saved = try? JSONDecoder().decode(SavedAdoption.self, from: bytes) else { throw refused("it is no preview that adopt saved with -o, or only a part of one") }
        guard saved.formatVersion == SavedAdoption.formatVersion else {
            throw refused("it is of format \(saved.formatVersion), and this build knows \(SavedAdoption.formatVersion)")
        }
        guard saved.isWhole else { throw refused("it is not what was saved: somebody has changed it") }
        return saved
    }
}
