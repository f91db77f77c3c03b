import CZlib

/// One chunk of an archive, compressed with zlib: four bytes of its plain length, most significant first, then the stream.
enum Deflated {
    /// How much longer than its plain text a chunk can become: zlib's own bound for incompressible data, and the length.
    static func bound(_ plainBytes: Int) -> Int { Int(compressBound(uLong(plainBytes))) + 4 }

    static func pack(_ plain: [UInt8]) throws -> [UInt8] {
        var packed = [UInt8](repeating: 0, count: bound(plain.count))
        for index in 0..<4 { packed[index] = UInt8(truncatingIfNeeded: plain.count >> (8 * (3 - index))) }
        var length = uLongf(packed.count - 4)
        let code = packed.withUnsafeMutableBufferPointer { target in
            plain.withUnsafeBufferPointer { source in
                compress2(target.baseAddress.map { $0 + 4 }, &length, source.baseAddress, uLong(plain.count), Z_DEFAULT_COMPRESSION)
            }
        }
        guard code == Z_OK else { throw DataPathError.archive("zlib could not compress a chunk (\(code))") }
        return Array(packed.prefix(4 + Int(length)))
    }

    /// Throws when the chunk is not what `pack` made of at most `limit` bytes.
    static func unpack(_ packed: [UInt8], limit: Int) throws -> [UInt8] {
        let count = packed.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard packed.count >= 4, count <= limit else { throw DataPathError.archive("a chunk's length is wrong") }
        // zlib wants room to write to, even for nothing.
        var plain = [UInt8](repeating: 0, count: max(count, 1))
        var length = uLongf(plain.count)
        let code = packed.withUnsafeBufferPointer { source in
            uncompress(&plain, &length, source.baseAddress.map { $0 + 4 }, uLong(packed.count - 4))
        }
        guard code == Z_OK, Int(length) == count else { throw DataPathError.archive("a chunk cannot be decompressed (\(code))") }
        return Array(plain.prefix(count))
    }
}
