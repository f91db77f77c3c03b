import Crypto
import Foundation

/// Somebody an archive is sealed to: whoever holds the other half can open it alone.
public enum ArchiveRecipient: Sendable, Equatable {
    /// 32 bytes that both seal and open.
    case shared([UInt8])
    /// The public half of an X25519 pair: who seals with it cannot open.
    case publicKey([UInt8])

    /// Sixteen hexadecimal digits that name the key and tell nothing of it.
    public var id: String {
        switch self {
        case .shared(let key): keyID("shared", key)
        case .publicKey(let key): keyID("x25519", key)
        }
    }
}

/// What opens an archive.
public enum ArchiveOpener: Sendable, Equatable {
    case shared([UInt8])
    /// The private half of an X25519 pair.
    case privateKey([UInt8])

    /// The id of what it opens for. Throws `.archive` when this is no key.
    public func id() throws -> String {
        switch self {
        case .shared(let key): keyID("shared", key)
        case .privateKey(let key): keyID("x25519", Array(try Self.pair(key).publicKey.rawRepresentation))
        }
    }

    static func pair(_ key: [UInt8]) throws -> Curve25519.KeyAgreement.PrivateKey {
        do { return try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: key) } catch {
            throw DataPathError.archive("the private key is not 32 bytes of X25519")
        }
    }
}

private func keyID(_ kind: String, _ key: [UInt8]) -> String {
    SHA256.hash(data: Array("cutover key id \(kind)\n".utf8) + key).prefix(8).map { String(format: "%02x", $0) }.joined()
}

/// The archive's own key, sealed to one recipient. Each archive has a new one.
struct WrappedKey: Sendable, Equatable, Codable {
    var id: String
    var kind: String
    /// HPKE's encapsulated key, base64; empty for a shared key.
    var encapsulated: String
    /// Base64.
    var sealed: String

    private static let suite = HPKE.Ciphersuite.Curve25519_SHA256_ChachaPoly
    private static let info = Data("cutover archive key".utf8)

    /// `salt` binds the wrapped key to its archive.
    static func wrap(_ fileKey: [UInt8], to recipient: ArchiveRecipient, salt: [UInt8]) throws -> WrappedKey {
        switch recipient {
        case .shared(let key):
            guard key.count == 32 else { throw DataPathError.archive("the key must have 32 bytes") }
            let box = try ChaChaPoly.seal(fileKey, using: wrapping(key, salt), authenticating: salt)
            return WrappedKey(id: recipient.id, kind: "shared", encapsulated: "", sealed: box.combined.base64EncodedString())
        case .publicKey(let key):
            guard let key = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: key) else {
                throw DataPathError.archive("the public key \(recipient.id) is not 32 bytes of X25519")
            }
            var sender = try HPKE.Sender(recipientKey: key, ciphersuite: suite, info: info)
            let sealed = try sender.seal(fileKey, authenticating: salt)
            return WrappedKey(
                id: recipient.id, kind: "x25519", encapsulated: sender.encapsulatedKey.base64EncodedString(), sealed: sealed.base64EncodedString())
        }
    }

    /// Throws `.archive` unless one of the wrapped keys is this opener's, and authentic.
    static func open(_ keys: [WrappedKey], with opener: ArchiveOpener, salt: [UInt8]) throws -> [UInt8] {
        let id = try opener.id()
        guard let mine = keys.first(where: { $0.id == id }) else {
            throw DataPathError.archive("it is sealed to the keys \(keys.map(\.id).joined(separator: ", ")), and not to \(id)")
        }
        guard let sealed = Data(base64Encoded: mine.sealed), let encapsulated = Data(base64Encoded: mine.encapsulated) else {
            throw DataPathError.archive("the key sealed to \(id) cannot be read")
        }
        do {
            switch opener {
            case .shared(let key):
                return Array(try ChaChaPoly.open(try ChaChaPoly.SealedBox(combined: sealed), using: wrapping(key, salt), authenticating: salt))
            case .privateKey(let key):
                var recipient = try HPKE.Recipient(
                    privateKey: try ArchiveOpener.pair(key), ciphersuite: suite, info: info, encapsulatedKey: encapsulated)
                return Array(try recipient.open(sealed, authenticating: salt))
            }
        } catch { throw DataPathError.archive("the key sealed to \(id) is not authentic") }
    }

    private static func wrapping(_ key: [UInt8], _ salt: [UInt8]) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: key), salt: salt, info: Array("cutover archive key".utf8), outputByteCount: 32)
    }
}
