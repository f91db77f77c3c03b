import Crypto
import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Writes a sealed stream under a temporary name; `finish` makes it durable and gives it its own.
final class ArchiveFileWriter {
    private let file: FileHandle
    private let temporary: URL
    private let final: URL
    private let cipher: ArchiveCipher
    private var pending: [UInt8] = []
    private var number: UInt64 = 0
    private var plainHash = SHA256()
    private var fileHash = SHA256()
    private(set) var plainBytes = 0
    private(set) var fileBytes = 0

    init(_ url: URL, cipher: ArchiveCipher, salt: [UInt8]) throws {
        final = url
        temporary = url.appendingPathExtension("partial")
        self.cipher = cipher
        try? FileManager.default.removeItem(at: temporary)
        guard
            FileManager.default.createFile(
                atPath: temporary.path, contents: nil, attributes: [.posixPermissions: 0o600])
        else { throw DataPathError.archive("cannot write \(temporary.lastPathComponent)") }
        file = try FileHandle(forWritingTo: temporary)
        try write(ArchiveCipher.magic + salt)
    }

    func append(_ plain: [UInt8]) throws {
        pending += plain
        while pending.count > ArchiveCipher.chunkBytes {
            try seal(Array(pending.prefix(ArchiveCipher.chunkBytes)), isLast: false)
            pending.removeFirst(ArchiveCipher.chunkBytes)
        }
    }

    /// Seals the last chunk and puts file and directory on disk. Returns SHA-256 of the plain text and of the file.
    func finish() throws -> (plain: String, file: String) {
        try seal(pending, isLast: true)
        try file.synchronize()
        try file.close()
        try Durable.rename(temporary, to: final)
        return (Self.text(plainHash.finalize()), Self.text(fileHash.finalize()))
    }

    private func seal(_ plain: [UInt8], isLast: Bool) throws {
        plainHash.update(data: plain)
        plainBytes += plain.count
        try write(try cipher.seal(try Deflated.pack(plain), number: number, isLast: isLast))
        number += 1
    }

    private func write(_ bytes: [UInt8]) throws {
        fileHash.update(data: bytes)
        fileBytes += bytes.count
        try file.write(contentsOf: bytes)
    }

    private static func text(_ digest: SHA256.Digest) -> String {
        digest.map { String(format: "%02x", $0) }.joined()
    }
}

/// Reads a sealed stream chunk by chunk; a flipped bit, a missing end and a wrong key are errors, never shorter data.
final class ArchiveFileReader {
    private let file: FileHandle
    private let cipher: ArchiveCipher
    private var number: UInt64 = 0
    private var next: [UInt8]?
    private var ended = false

    init(_ url: URL, cipher: ArchiveCipher, salt: [UInt8]) throws {
        guard FileManager.default.fileExists(atPath: url.path) else {
            throw DataPathError.archive("\(url.lastPathComponent) is missing")
        }
        file = try FileHandle(forReadingFrom: url)
        self.cipher = cipher
        let header = Array(try file.read(upToCount: ArchiveCipher.magic.count + salt.count) ?? Data())
        guard header == ArchiveCipher.magic + salt else { throw DataPathError.archive("the file is not of this manifest") }
        next = try readFrame()
        if next == nil { throw DataPathError.archive("the file is cut off") }
    }

    func chunk() throws -> [UInt8]? {
        guard !ended else { return nil }
        guard let frame = next else { throw DataPathError.archive("the file is cut off") }
        next = try readFrame()
        ended = next == nil
        let plain = try Deflated.unpack(try cipher.open(frame, number: number, isLast: ended), limit: ArchiveCipher.chunkBytes)
        number += 1
        return plain.isEmpty && ended ? nil : plain
    }

    private func readFrame() throws -> [UInt8]? {
        let length = Array(try file.read(upToCount: 4) ?? Data())
        if length.isEmpty { return nil }
        guard length.count == 4 else { throw DataPathError.archive("the file is cut off") }
        let count = length.reduce(0) { $0 << 8 | Int($1) }
        guard count <= Deflated.bound(ArchiveCipher.chunkBytes) + ArchiveCipher.overheadBytes else {
            throw DataPathError.archive("a chunk's length is wrong")
        }
        let frame = Array(try file.read(upToCount: count) ?? Data())
        guard frame.count == count else { throw DataPathError.archive("the file is cut off") }
        return frame
    }
}

/// Replaces files so that a crash leaves the old one or the new one, whole.
enum Durable {
    static func write(_ data: Data, to url: URL) throws {
        let temporary = url.appendingPathExtension("partial")
        try? FileManager.default.removeItem(at: temporary)
        guard
            FileManager.default.createFile(
                atPath: temporary.path, contents: nil, attributes: [.posixPermissions: 0o600])
        else { throw DataPathError.archive("cannot write \(temporary.lastPathComponent)") }
        let file = try FileHandle(forWritingTo: temporary)
        try file.write(contentsOf: data)
        try file.synchronize()
        try file.close()
        try rename(temporary, to: url)
    }

    static func rename(_ from: URL, to: URL) throws {
        guard Foundation.rename(from.path, to.path) == 0 else {
            throw DataPathError.archive("cannot rename to \(to.lastPathComponent)")
        }
        // A new name is durable only once its directory is.
        let directory = open(to.deletingLastPathComponent().path, O_RDONLY)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }
}
