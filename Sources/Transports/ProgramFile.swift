import Crypto
import Foundation

/// The program that is put on hosts, and its digest, read once.
actor ProgramFile {
    nonisolated let path: String
    private var known: String?

    init(path: String) { self.path = path }

    func digest() throws -> String {
        if let known { return known }
        let digest = try Self.digest(of: path)
        known = digest
        return digest
    }

    /// Lowercase hexadecimal SHA-256 of a file.
    static func digest(of path: String) throws -> String {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        var hash = SHA256()
        while let chunk = try file.read(upToCount: 1 << 20), !chunk.isEmpty { hash.update(data: chunk) }
        return hash.finalize().map { String(format: "%02x", $0) }.joined()
    }
}
