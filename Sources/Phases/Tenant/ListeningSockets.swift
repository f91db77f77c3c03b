import Host

/// The addresses on which somebody listens, read from the kernel's own tables.
enum ListeningSockets {
    struct Address: Sendable, Equatable {
        let hex: String
        /// 127.0.0.0/8, ::1, and 127.0.0.0/8 mapped into IPv6; the tables write each 32-bit word in host byte order.
        var isLoopback: Bool {
            hex.count == 8
                ? hex.hasSuffix("7F")
                : hex == "00000000000000000000000001000000" || (hex.hasPrefix("0000000000000000FFFF0000") && hex.hasSuffix("7F"))
        }
        var text: String {
            switch hex {
            case "00000000": return "0.0.0.0"
            case "00000000000000000000000000000000": return "[::]"
            case _ where hex.count == 8:
                let bytes = stride(from: 6, through: 0, by: -2).compactMap { offset -> UInt8? in
                    let start = hex.index(hex.startIndex, offsetBy: offset)
                    return UInt8(hex[start..<hex.index(start, offsetBy: 2)], radix: 16)
                }
                return bytes.map(String.init).joined(separator: ".")
            default: return "[\(hex)]"
            }
        }
    }

    static func addresses(port: Int) throws -> [Address] {
        var found: [Address] = []
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            for line in (try DurableFile.read(table) ?? "").split(separator: "\n").dropFirst() {
                let fields = line.split(separator: " ")
                guard fields.count > 3, fields[3] == "0A" else { continue }
                let local = fields[1].split(separator: ":")
                guard local.count == 2, Int(local[1], radix: 16) == port else { continue }
                found.append(Address(hex: String(local[0])))
            }
        }
        return found
    }
}
