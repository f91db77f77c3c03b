/// Where archives lie: named objects, each whole or not there.
///
/// An implementation must never show an object under its name before all of it is safe, and must not need memory in
/// proportion to one.
public protocol ArchivePlace: Sendable {
    /// Nil when there is none of that name.
    func find(_ name: String) async throws -> ArchivedObject?
    /// At most `count` bytes; fewer only at the end.
    func read(_ name: String, from offset: Int, count: Int) async throws -> [UInt8]
    /// What an earlier upload of that name left unfinished is taken away first.
    func begin(_ name: String) async throws -> any ArchiveUpload
    /// Harmless when it is not there. Takes away what was left unfinished, too.
    func delete(_ name: String) async throws
}

public struct ArchivedObject: Sendable, Equatable, Codable {
    public let bytes: Int
    /// Another one when the bytes are others.
    public let mark: String
    public init(bytes: Int, mark: String) {
        self.bytes = bytes
        self.mark = mark
    }
}

/// An object on its way to its place.
public protocol ArchiveUpload: Actor {
    func append(_ bytes: [UInt8]) async throws
    /// The object is there, durably, when this returns.
    func finish() async throws
    /// Leaves nothing behind, as far as the place can still be reached.
    func abandon() async
}

extension ArchivePlace {
    /// Runs `body` on an upload: finished when it returns, abandoned when it throws.
    public func put<Value: Sendable>(_ name: String, _ body: (any ArchiveUpload) async throws -> Value) async throws -> Value {
        let upload = try await begin(name)
        do {
            let value = try await body(upload)
            try await upload.finish()
            return value
        } catch {
            await upload.abandon()
            throw error
        }
    }

    /// All of a small object; nil when there is none.
    func whole(_ name: String, limit: Int = 16 << 20) async throws -> [UInt8]? {
        guard let found = try await find(name) else { return nil }
        guard found.bytes <= limit else { throw DataPathError.archive("\(name) is too long to be one of ours") }
        return try await read(name, from: 0, count: found.bytes)
    }
}

/// Reads an object from its beginning, a few MiB at a time.
struct PlaceReader {
    static let sliceBytes = 4 << 20

    private let place: any ArchivePlace
    private let name: String
    private let total: Int
    private var offset = 0
    private var slice: [UInt8] = []
    private var used = 0

    init(_ place: any ArchivePlace, _ name: String) async throws {
        guard let found = try await place.find(name) else { throw DataPathError.archive("\(name) is missing") }
        (self.place, self.name, self.total) = (place, name, found.bytes)
    }

    /// Fewer than `count` bytes only at the end.
    mutating func take(_ count: Int) async throws -> [UInt8] {
        while slice.count - used < count, offset < total {
            let more = try await place.read(name, from: offset, count: min(Self.sliceBytes, total - offset))
            guard !more.isEmpty else { throw DataPathError.archive("\(name) became shorter while it was read") }
            offset += more.count
            slice = Array(slice[used...]) + more
            used = 0
        }
        let end = min(slice.count, used + count)
        defer { used = end }
        return Array(slice[used..<end])
    }
}
