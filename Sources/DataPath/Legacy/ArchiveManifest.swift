import Foundation

/// What an archive holds, authenticated with the archive's key.
struct ArchiveManifest: Sendable, Equatable, Codable {
    var format = 1
    var cipher = "chacha20-poly1305, hkdf-sha256"
    var compression = "zlib, each chunk by itself"
    var table: TableName
    var file: String
    var salt: String
    /// The columns of the COPY, in order.
    var columns: [String]
    var rows: Int
    var plainBytes: Int
    var plainSHA256: String
    var fileBytes: Int
    var fileSHA256: String
    var frozenRows: Int
    var frozenDigest: String
    /// ISO form, UTC.
    var exportedAt: String
    var ddl: TableDDL

    static let name = "manifest.json"

    private struct Sealed: Codable {
        var manifest: ArchiveManifest
        var mac: String
    }

    func write(to directory: URL, cipher: ArchiveCipher) throws {
        let sealed = Sealed(manifest: self, mac: cipher.mac(try Self.encoder.encode(self)))
        let encoder = Self.encoder
        encoder.outputFormatting.insert(.prettyPrinted)
        try Durable.write(try encoder.encode(sealed), to: directory.appendingPathComponent(Self.name))
    }

    /// Throws `.archive` when the manifest is missing, unreadable, or not made with this key.
    static func read(from directory: URL, key: [UInt8]) throws -> (ArchiveManifest, ArchiveCipher, salt: [UInt8]) {
        guard let data = FileManager.default.contents(atPath: directory.appendingPathComponent(name).path) else {
            throw DataPathError.archive("\(name) is missing")
        }
        guard let sealed = try? JSONDecoder().decode(Sealed.self, from: data), let salt = bytes(sealed.manifest.salt) else {
            throw DataPathError.archive("\(name) cannot be read")
        }
        let cipher = try ArchiveCipher(key: key, salt: salt)
        guard cipher.mac(try encoder.encode(sealed.manifest)) == sealed.mac else {
            throw DataPathError.archive("\(name) is not authentic: wrong key, or it was changed")
        }
        return (sealed.manifest, cipher, salt)
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    private static func bytes(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map { Array($0) } }
}
