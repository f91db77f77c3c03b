import Crypto
import Foundation

/// Compresses and seals a stream in chunks on its way to a place. Needs the memory of one chunk and of what it is given at once.
struct SealingStream {
    private let upload: any ArchiveUpload
    private let cipher: ArchiveCipher
    private var pending: [UInt8] = []
    private var number: UInt64 = 0
    private var plainHash = SHA256()
    private var fileHash = SHA256()
    private(set) var plainBytes = 0
    private(set) var fileBytes = 0

    init(to upload: any ArchiveUpload, cipher: ArchiveCipher, salt: [UInt8]) async throws {
        (self.upload, self.cipher) = (upload, cipher)
        try await send(ArchiveCipher.magic + salt)
    }

    mutating func append(_ plain: [UInt8]) async throws {
        pending += plain
        var used = 0
        // The last chunk says that it is the last, so one is always kept back.
        while pending.count - used > ArchiveCipher.chunkBytes {
            try await seal(Array(pending[used..<used + ArchiveCipher.chunkBytes]), isLast: false)
            used += ArchiveCipher.chunkBytes
        }
        if used > 0 { pending.removeFirst(used) }
    }

    /// Seals the last chunk. Returns SHA-256 of the plain text and of the object.
    mutating func finish() async throws -> (plain: String, file: String) {
        try await seal(pending, isLast: true)
        return (Self.text(plainHash.finalize()), Self.text(fileHash.finalize()))
    }

    private mutating func seal(_ plain: [UInt8], isLast: Bool) async throws {
        plainHash.update(data: plain)
        plainBytes += plain.count
        try await send(try cipher.seal(try Deflated.pack(plain), number: number, isLast: isLast))
        number += 1
    }

    private mutating func send(_ bytes: [UInt8]) async throws {
        fileHash.update(data: bytes)
        fileBytes += bytes.count
        try await upload.append(bytes)
    }

    private static func text(_ digest: SHA256.Digest) -> String {
        digest.map { String(format: "%02x", $0) }.joined()
    }
}

/// Reads a sealed stream chunk by chunk; a flipped bit, a missing end and a wrong key are errors, never shorter data.
struct OpeningStream {
    private var source: PlaceReader
    private let cipher: ArchiveCipher
    private var number: UInt64 = 0
    private var next: [UInt8]?
    private var ended = false

    init(_ place: any ArchivePlace, _ name: String, cipher: ArchiveCipher, salt: [UInt8]) async throws {
        source = try await PlaceReader(place, name)
        self.cipher = cipher
        let header = try await source.take(ArchiveCipher.magic.count + salt.count)
        guard header == ArchiveCipher.magic + salt else { throw DataPathError.archive("\(name) is not the one of this manifest") }
        next = try await frame()
        if next == nil { throw DataPathError.archive("\(name) is cut off") }
    }

    mutating func chunk() async throws -> [UInt8]? {
        guard !ended else { return nil }
        guard let frame = next else { throw DataPathError.archive("the rows are cut off") }
        next = try await self.frame()
        ended = next == nil
        let plain = try Deflated.unpack(try cipher.open(frame, number: number, isLast: ended), limit: ArchiveCipher.chunkBytes)
        number += 1
        return plain.isEmpty && ended ? nil : plain
    }

    private mutating func frame() async throws -> [UInt8]? {
        let length = try await source.take(4)
        if length.isEmpty { return nil }
        guard length.count == 4 else { throw DataPathError.archive("the rows are cut off") }
        let count = length.reduce(0) { $0 << 8 | Int($1) }
        guard count <= Deflated.bound(ArchiveCipher.chunkBytes) + ArchiveCipher.overheadBytes else {
            throw DataPathError.archive("a chunk's length is wrong")
        }
        let frame = try await source.take(count)
        guard frame.count == count else { throw DataPathError.archive("the rows are cut off") }
        return frame
    }
}
