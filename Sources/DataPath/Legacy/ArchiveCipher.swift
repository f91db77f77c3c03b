import Crypto
import Foundation

/// Seals a stream in chunks. The key is derived anew for each archive; a chunk's nonce is its number; what is authenticated with it
/// says which chunk it is and whether it is the last, so that chunks cannot be swapped, repeated or cut off.
struct ArchiveCipher: Sendable {
    static let magic = Array("CUTOVER-ARCHIVE-1\n".utf8)
    static let saltBytes = 32
    static let chunkBytes = 262_144
    static let overheadBytes = 16

    private let stream: SymmetricKey
    private let manifest: SymmetricKey

    /// `key` must have 32 bytes.
    init(key: [UInt8], salt: [UInt8]) throws {
        guard key.count == 32 else { throw DataPathError.archive("the key must have 32 bytes") }
        func derive(_ purpose: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: key), salt: salt, info: Array(purpose.utf8), outputByteCount: 32)
        }
        stream = derive("cutover archive rows")
        manifest = derive("cutover archive manifest")
    }

    static func newSalt() -> [UInt8] { newKey() }

    static func newKey() -> [UInt8] { SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) } }

    /// Length (4 bytes, big endian, of what follows), then cipher text and tag.
    func seal(_ plain: [UInt8], number: UInt64, isLast: Bool) throws -> [UInt8] {
        let box = try ChaChaPoly.seal(
            plain, using: stream, nonce: try nonce(number), authenticating: context(number, isLast))
        let sealed = Array(box.ciphertext) + Array(box.tag)
        return Self.bytes(UInt32(sealed.count)) + sealed
    }

    func open(_ sealed: [UInt8], number: UInt64, isLast: Bool) throws -> [UInt8] {
        guard sealed.count >= Self.overheadBytes else { throw DataPathError.archive("a chunk is cut off") }
        do {
            let box = try ChaChaPoly.SealedBox(
                nonce: try nonce(number), ciphertext: sealed.dropLast(Self.overheadBytes), tag: sealed.suffix(Self.overheadBytes))
            return Array(try ChaChaPoly.open(box, using: stream, authenticating: context(number, isLast)))
        } catch {
            throw DataPathError.archive("chunk \(number) is not authentic: wrong key, or the file was changed")
        }
    }

    func mac(_ data: Data) -> String {
        HMAC<SHA256>.authenticationCode(for: data, using: manifest).map { String(format: "%02x", $0) }.joined()
    }

    private func nonce(_ number: UInt64) throws -> ChaChaPoly.Nonce {
        try ChaChaPoly.Nonce(data: [0, 0, 0, 0] + Self.bytes(number))
    }

    private func context(_ number: UInt64, _ isLast: Bool) -> [UInt8] {
        Self.magic + Self.bytes(number) + [isLast ? 1 : 0]
    }

    private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}
