import Crypto
import Foundation

/// The public half of an Ed25519 key, as OpenSSH spells it: `ssh-ed25519 AAAA… comment`.
public struct VerifyingKey: Sendable, Hashable, Codable, CustomStringConvertible {
    private let raw: [UInt8]

    init(raw: [UInt8]) { self.raw = raw }

    /// Nil unless `text` is an Ed25519 key of OpenSSH's form; a comment behind it does not matter.
    public init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count >= 2, words[0] == SSHBytes.kind, let bytes = Data(base64Encoded: String(words[1])) else { return nil }
        var blob = SSHBytes(Array(bytes))
        guard let kind = blob.string(), kind == Array(SSHBytes.kind.utf8), let raw = blob.string(), raw.count == 32, blob.isAtEnd else { return nil }
        self.raw = raw
    }

    public var description: String { "\(SSHBytes.kind) \(Data(blob).base64EncodedString())" }

    /// As `ssh-keygen -l` shows it.
    public var fingerprint: String {
        let digest = Data(SHA256.hash(data: blob)).base64EncodedString()
        return "SHA256:" + digest.prefix { $0 != "=" }
    }

    public func isValid(_ signature: String, over text: String) -> Bool {
        guard let bytes = Data(base64Encoded: signature), let key = try? Curve25519.Signing.PublicKey(rawRepresentation: raw) else { return false }
        return key.isValidSignature(bytes, for: Data(text.utf8))
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let key = VerifyingKey(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an Ed25519 key of OpenSSH's form")
        }
        self = key
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    fileprivate var blob: [UInt8] { SSHBytes.spelled(Array(SSHBytes.kind.utf8)) + SSHBytes.spelled(raw) }
}

/// An Ed25519 key that signs, read from and written to the file format of OpenSSH (PROTOCOL.key of its sources).
public struct SigningKey: Sendable {
    public enum Trouble: Error, Sendable, Equatable {
        case notAKey
        /// It asks for a passphrase.
        case encrypted
        case otherKind(String)
    }

    private let key: Curve25519.Signing.PrivateKey

    public init() { key = Curve25519.Signing.PrivateKey() }

    public init(file text: String) throws(Trouble) {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
        guard lines.first == Self.begin, lines.last == Self.end, let bytes = Data(base64Encoded: lines.dropFirst().dropLast().joined()),
            bytes.starts(with: Self.magic)
        else { throw .notAKey }
        var outer = SSHBytes(Array(bytes.dropFirst(Self.magic.count)))
        guard let cipher = outer.string(), outer.string() != nil, outer.string() != nil, outer.number() == 1, outer.string() != nil,
            let secret = outer.string()
        else { throw .notAKey }
        guard cipher == Array("none".utf8) else { throw .encrypted }
        var inner = SSHBytes(secret)
        guard let one = inner.number(), let two = inner.number(), one == two, let kind = inner.string() else { throw .notAKey }
        guard kind == Array(SSHBytes.kind.utf8) else { throw .otherKind(String(decoding: kind, as: UTF8.self)) }
        guard inner.string() != nil, let both = inner.string(), both.count == 64,
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: both.prefix(32)), Array(key.publicKey.rawRepresentation) == Array(both.suffix(32))
        else { throw .notAKey }
        self.key = key
    }

    public var verifying: VerifyingKey { VerifyingKey(raw: Array(key.publicKey.rawRepresentation)) }

    /// In base64. Throws only where the machine's randomness does.
    public func sign(_ text: String) throws -> String { try key.signature(for: Data(text.utf8)).base64EncodedString() }

    /// A private key file without a passphrase.
    public func file(comment: String) -> String {
        let pair = Array(key.rawRepresentation) + Array(key.publicKey.rawRepresentation)
        var secret = SSHBytes.spelled(7_202) + SSHBytes.spelled(7_202) + SSHBytes.spelled(Array(SSHBytes.kind.utf8))
        secret += SSHBytes.spelled(Array(key.publicKey.rawRepresentation)) + SSHBytes.spelled(pair) + SSHBytes.spelled(Array(comment.utf8))
        var padding: UInt8 = 0
        while secret.count % 8 != 0 {
            padding += 1
            secret.append(padding)
        }
        let none = SSHBytes.spelled(Array("none".utf8))
        let bytes = Self.magic + none + none + SSHBytes.spelled([]) + SSHBytes.spelled(1) + SSHBytes.spelled(verifying.blob) + SSHBytes.spelled(secret)
        return "\(Self.begin)\n\(Data(bytes).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed]))\n\(Self.end)\n"
    }

    private static let begin = "-----BEGIN OPENSSH PRIVATE KEY-----"
    private static let end = "-----END OPENSSH PRIVATE KEY-----"
    private static let magic = Array("openssh-key-v1".utf8) + [0]
}

/// Strings and numbers as SSH's formats spell them (RFC 4251, section 5).
private struct SSHBytes {
    static let kind = "ssh-ed25519"
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func number() -> UInt32? {
        guard rest.count >= 4 else { return nil }
        defer { rest = rest.dropFirst(4) }
        return rest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    mutating func string() -> [UInt8]? {
        guard let count = number().map(Int.init), count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    static func spelled(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) } }
    static func spelled(_ bytes: [UInt8]) -> [UInt8] { spelled(UInt32(bytes.count)) + bytes }
}
