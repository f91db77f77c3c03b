import CZlib

enum Gzip {
    /// Nil unless the stream holds exactly so many bytes.
    static func unpack(_ packed: [UInt8], bytes count: Int) -> [UInt8]? {
        var stream = z_stream()
        // 16 on top of the largest window: a gzip stream.
        guard inflateInit2_(&stream, 16 + MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        var packed = packed
        // One more than there should be: a longer stream does not end in time.
        var plain = [UInt8](repeating: 0, count: count + 1)
        let code = packed.withUnsafeMutableBufferPointer { source in
            plain.withUnsafeMutableBufferPointer { target in
                stream.next_in = source.baseAddress
                stream.avail_in = uInt(source.count)
                stream.next_out = target.baseAddress
                stream.avail_out = uInt(target.count)
                return inflate(&stream, Z_FINISH)
            }
        }
        guard code == Z_STREAM_END, Int(stream.total_out) == count else { return nil }
        return Array(plain.prefix(count))
    }
}
