import Crypto
import Foundation

/// What a controller sends to a host, as JSON on standard input.
public struct HostRequest: Sendable, Codable, Equatable {
    public let formatVersion: Int
    public let id: OperationID
    public let kind: OperationKind
    public let operationClass: OperationClass
    public let once: Once?
    public let tenant: TenantID
    public let step: String
    public let journal: JournalID
    public let fence: Int
    public let envPath: String
    public let statePath: String
    public let payload: String
    /// A word for whoever holds the lease that `fence` is the number of; nil from a controller that does not tell.
    public let holder: String?
    /// Nil where the operation is carried out whatever the host, its database and the journal remember.
    public let accord: Accord?

    public init(
        id: OperationID, kind: OperationKind, operationClass: OperationClass, once: Once?, tenant: TenantID, step: String,
        journal: JournalID, fence: Int, envPath: String, statePath: String, payload: String, holder: String? = nil,
        accord: Accord? = nil
    ) {
        self.formatVersion = 1
        self.id = id
        self.kind = kind
        self.operationClass = operationClass
        self.once = once
        self.tenant = tenant
        self.step = step
        self.journal = journal
        self.fence = fence
        self.envPath = envPath
        self.statePath = statePath
        self.payload = payload
        self.holder = holder
        self.accord = accord
    }
}

/// What a host answers: one line, first on standard output, with its length and digest so that noise and truncation show.
public struct HostAnswer: Sendable, Codable, Equatable {
    public enum Status: String, Sendable, Codable {
        case done
        /// The operation ran and failed; `failure` says what that left behind.
        case failed
        /// Begun earlier, never recorded as ended, and not repeatable.
        case unknown
        /// Nothing was done: stale fence, foreign journal, unknown operation.
        case refused
        /// Nothing was done: the host's ledger, its database and the journal do not remember the same; `failure` says what.
        case disagrees
    }
    public let id: OperationID
    public let status: Status
    public let result: String?
    public let failure: StepFailure?

    public init(id: OperationID, status: Status, result: String? = nil, failure: StepFailure? = nil) {
        self.id = id
        self.status = status
        self.result = result
        self.failure = failure
    }

    static let magic = "cutover1"

    /// `cutover1 <bytes> <sha256> <json>`
    public func line() throws -> String {
        let json = try CanonicalJSON.text(self)
        return "\(Self.magic) \(json.utf8.count) \(Digest.sha256(json)) \(json)"
    }

    /// Nil unless some line of `output` is a whole and undamaged answer; text before it is noise of the host's shell.
    public static func parse(_ output: String) -> HostAnswer? {
        // Only a line feed ends a line: JSON leaves U+2028 and its like as they are.
        // One after the other: a host may answer millions of lines.
        var rest = output.utf8[...]
        while !rest.isEmpty {
            let bytes = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest[bytes.endIndex...].dropFirst()
            let line = bytes.last == UInt8(ascii: "\r") ? Substring(bytes.dropLast()) : Substring(bytes)
            guard line.hasPrefix(magic + " ") else { continue }
            let parts = line.split(separator: " ", maxSplits: 3).map(String.init)
            guard parts.count == 4, Int(parts[1]) == parts[3].utf8.count, parts[2] == Digest.sha256(parts[3]) else { continue }
            return try? CanonicalJSON.value(HostAnswer.self, from: parts[3])
        }
        return nil
    }
}

/// JSON with sorted keys: the same value always gives the same bytes.
public enum CanonicalJSON {
    public static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    public static func value<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }
}

public enum Digest {
    /// Lowercase hexadecimal SHA-256 of the text's UTF-8.
    public static func sha256(_ text: String) -> String { sha256(Array(text.utf8)) }

    public static func sha256(_ bytes: [UInt8]) -> String {
        hex(SHA256.hash(data: bytes))
    }

    public static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
