import Foundation

/// What an archive holds, authenticated with the archive's key. Written last: an archive without it does not exist.
struct ArchiveManifest: Sendable, Equatable, Codable {
    var format = 2
    var cipher = "chacha20-poly1305, hkdf-sha256"
    var compression = "zlib, each chunk by itself"
    /// Whose table it is: an archive is never written over another tenant's.
    var label: String
    var table: TableName
    var file: String
    var salt: String
    /// Any one of them opens the archive.
    var keys: [WrappedKey]
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

    static func name(_ table: TableName) -> String { "\(table.name).manifest.json" }
    static func rowsName(_ table: TableName) -> String { "\(table.name).copy.sealed" }

    private struct Sealed: Codable {
        var manifest: ArchiveManifest
        var mac: String
    }

    func write(to place: any ArchivePlace, cipher: ArchiveCipher) async throws {
        let sealed = Sealed(manifest: self, mac: cipher.mac(try Self.encoder.encode(self)))
        let encoder = Self.encoder
        encoder.outputFormatting.insert(.prettyPrinted)
        let bytes = Array(try encoder.encode(sealed))
        try await place.put(Self.name(table)) { try await $0.append(bytes) }
    }

    /// What is written there, believed without a key; nil when there is nothing. Throws `.archive` when it cannot be read.
    static func peek(_ place: any ArchivePlace, _ table: TableName) async throws -> ArchiveManifest? {
        try await sealed(place, table)?.manifest
    }

    /// Throws `.archive` when the manifest is missing, unreadable, or not made with a key that `opener` opens.
    static func read(
        from place: any ArchivePlace, _ table: TableName, opener: ArchiveOpener
    ) async throws -> (ArchiveManifest, ArchiveCipher, salt: [UInt8]) {
        guard let sealed = try await sealed(place, table) else { throw DataPathError.archive("\(name(table)) is missing") }
        guard let salt = Data(base64Encoded: sealed.manifest.salt).map({ Array($0) }) else {
            throw DataPathError.archive("\(name(table)) cannot be read")
        }
        let cipher = try ArchiveCipher(key: try WrappedKey.open(sealed.manifest.keys, with: opener, salt: salt), salt: salt)
        guard cipher.mac(try encoder.encode(sealed.manifest)) == sealed.mac else {
            throw DataPathError.archive("\(name(table)) is not authentic: it was changed")
        }
        return (sealed.manifest, cipher, salt)
    }

    private static func sealed(_ place: any ArchivePlace, _ table: TableName) async throws -> Sealed? {
        guard let bytes = try await place.whole(name(table)) else { return nil }
        guard let sealed = try? JSONDecoder().decode(Sealed.self, from: Data(bytes)) else {
            throw DataPathError.archive("\(name(table)) cannot be read")
        }
        return sealed
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
