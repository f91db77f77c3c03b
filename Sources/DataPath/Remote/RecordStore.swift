public import Foundation

/// A second store that shares no transaction with v1: what it is asked is answered by words, and what it did shows only when it is read again.
public protocol RecordStore: Sendable {
    /// How long after a request was given up it may still take effect, seconds.
    var lateSeconds: Double { get }
    /// Why it does not do what it is asked at this moment; nil when its last answer was one.
    var trouble: String? { get }

    /// Writes the record whole over whatever has its id.
    /// - Parameter behind: how many others of its namespace wait for it. Who has most behind him goes first: they can't go side by side.
    func put(_ record: SentRecord, behind: Int) async -> StoreAnswer
    /// Takes the id away from that namespace. It not being there is `.done` too.
    func forget(_ id: UUID, in namespace: String) async -> StoreAnswer
    /// What the store shows of these ids in that namespace. Throws `StoreSilent` when it does not answer as it should.
    func read(_ sought: [Sought], in namespace: String) async throws -> [UUID: Showing]
    /// The same of what was just written, which most likely is there, and the newest of all.
    func readBack(_ sought: [Sought], in namespace: String) async throws -> [UUID: Showing]
}

extension RecordStore {
    public var trouble: String? { nil }
    public func readBack(_ sought: [Sought], in namespace: String) async throws -> [UUID: Showing] { try await read(sought, in: namespace) }
}

public enum StoreAnswer: Sendable, Equatable {
    /// It says it did.
    case done
    /// It never will: the record itself is to blame.
    case refused(String)
    /// Sent, and no answer: it may have acted, or act later.
    case unknown(String)
    /// It has not acted; ask again later.
    case notNow(String)
}

/// The store could not be read.
public struct StoreSilent: Error, Sendable, Equatable {
    public let why: String
    public init(_ why: String) { self.why = why }
}

/// One record as v1 has it.
public struct SentRecord: Sendable, Equatable {
    public let id: UUID
    public let namespace: String
    public let content: String
    /// Digest of the shared projection, hexadecimal; rides along, and tells our own state of a record from an edited one.
    public let digest: String
    /// A JSON object.
    public let propagation: String
    /// A JSON array of numbers.
    public let embedding: String?
    /// What only the store has, from an earlier reading of it.
    public var kept: FoundRecord?

    public init(id: UUID, namespace: String, content: String, digest: String, propagation: String, embedding: String? = nil) {
        self.id = id
        self.namespace = namespace
        self.content = content
        self.digest = digest
        self.propagation = propagation
        self.embedding = embedding
    }
}

/// What to look for: the contract knows no reading by id.
public struct Sought: Sendable {
    public let id: UUID
    public let content: String?
    public let embedding: String?

    public init(_ id: UUID, content: String?, embedding: String? = nil) {
        self.id = id
        self.content = content
        self.embedding = embedding
    }
}

public enum Showing: Sendable, Equatable {
    case found(FoundRecord)
    /// Everything the namespace holds was shown, and it is not among it.
    case absent
    /// Not shown, which proves nothing.
    case undetermined
}

/// A record as the store shows it.
public struct FoundRecord: Sendable, Equatable {
    public let id: UUID
    public let namespace: String
    public let content: String
    public let kind: String
    public let source: String
    public let pin: Bool
    public let expiresAt: String?
    public let propagation: JSONNode

    /// The digest we sent with it; nil when somebody else wrote it last.
    public var digest: String? {
        if case .text(let digest)? = propagation["cutover"]?["digest"] { digest } else { nil }
    }

    /// Byte for byte: two spellings of one letter are not the same text.
    public func holds(_ record: SentRecord) -> Bool {
        id == record.id && namespace == record.namespace && digest == record.digest && content.utf8.elementsEqual(record.content.utf8)
    }

    /// The record whole, as JSON.
    public var json: String {
        var fields: [(String, JSONNode)] = [
            ("id", .text(id.uuidString.lowercased())), ("namespace", .text(namespace)), ("content", .text(content)), ("kind", .text(kind)),
            ("source", .text(source)), ("pin", .bool(pin)), ("propagation", propagation),
        ]
        if let expiresAt { fields.append(("expires_at", .text(expiresAt))) }
        return JSONNode.object(fields.map { JSONNode.Member(name: $0.0, value: $0.1) }).text
    }
}
