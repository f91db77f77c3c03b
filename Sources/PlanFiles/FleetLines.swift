import Cutover

/// A fleet file of one line a tenant, as `FleetText` writes it: read without a tree of all its words, which for ten thousand tenants takes a second.
///
/// It takes only what can't be read in two ways and has no flaw. Whatever else stands in a file is left to the reader of YAML, which tells what is wrong.
struct FleetLines {
    private var reader: ByteReader

    /// Nil for a text that is not of that form throughout.
    static func fleet(_ text: String) -> Fleet? {
        var text = text
        return text.withUTF8 { bytes in
            var lines = FleetLines(reader: ByteReader(bytes))
            return lines.fleet()
        }
    }

    private mutating func fleet() -> Fleet? {
        guard reader.bytes.count <= Document.most.fleet, reader.take("tenants:\n") else { return nil }
        var taken: Set<TenantID> = []
        guard let tenants = hosts(&taken, areTenants: true), !tenants.isEmpty else { return nil }
        var others: [TenantHost] = []
        if reader.take("hosts:\n") {
            guard let read = hosts(&taken, areTenants: false), !read.isEmpty else { return nil }
            others = read
        }
        return reader.isAtEnd ? Fleet(tenants: tenants, others: others) : nil
    }

    private mutating func hosts(_ taken: inout Set<TenantID>, areTenants: Bool) -> [TenantHost]? {
        var hosts: [TenantHost] = []
        while reader.take("  - { ") {
            guard let host = host(isTenant: areTenants), hosts.count < FleetReader.mostHosts, taken.insert(host.id).inserted else { return nil }
            hosts.append(host)
        }
        return hosts
    }

    private mutating func host(isTenant: Bool) -> TenantHost? {
        var (id, host, transport, env, state) = (String?.none, String?.none, String?.none, String?.none, String?.none)
        var labels: [String: String]?
        repeat {
            if id == nil, reader.take("id: ") {
                id = value()
            } else if host == nil, reader.take("host: ") {
                host = value()
            } else if transport == nil, reader.take("transport: ") {
                transport = value()
            } else if env == nil, reader.take("env: ") {
                env = path()
                if env == nil { return nil }
            } else if state == nil, reader.take("state: ") {
                state = path()
                if state == nil { return nil }
            } else if labels == nil, reader.take("labels: { ") {
                labels = map()
                if labels == nil { return nil }
            } else {
                return nil
            }
        } while reader.take(", ")
        // Systems Manager has rules of its own for what its hosts are called.
        guard reader.take(" }\n"), let id, Self.isTenant(id), let host, let transport, transport == "local" || transport == "ssh" else { return nil }
        guard let env = env ?? (isTenant ? nil : "/dev/null") else { return nil }
        return TenantHost(id: TenantID(id), host: host, transport: transport, labels: labels ?? [:], env: env, state: state ?? "/var/lib/cutover/\(id)")
    }

    private mutating func map() -> [String: String]? {
        var map: [String: String] = [:]
        repeat {
            guard let key = value(), reader.take(": "), let value = value(), map.updateValue(value, forKey: key) == nil else { return nil }
        } while reader.take(", ")
        return reader.take(" }") ? map : nil
    }

    private mutating func path() -> String? {
        guard let path = value(), path.utf8.first == UInt8(ascii: "/"), !path.utf8.contains(UInt8(ascii: " ")) else { return nil }
        // Names that begin with a dot are left to who knows which of them lead upwards.
        return zip(path.utf8, path.utf8.dropFirst()).contains { $0 == UInt8(ascii: "/") && $1 == UInt8(ascii: ".") } ? nil : path
    }

    /// A word, in quotes or without, that means nothing but itself: no null, no escape, and nothing of which a secret could consist.
    private mutating func value() -> String? {
        let isQuoted = reader.take("\"")
        let start = reader.place
        while !reader.isAtEnd, Self.isOfWord(reader.bytes[reader.place]) { reader.place += 1 }
        let word = UnsafeBufferPointer(rebasing: reader.bytes[start..<reader.place])
        guard let first = word.first, !isQuoted || reader.take("\"") else { return nil }
        if !isQuoted {
            guard first != UInt8(ascii: "-"), first != UInt8(ascii: "."), word.count != 4 || word[3] | 0x20 != UInt8(ascii: "l") else { return nil }
        }
        // An access key of AWS has twenty letters at least.
        return word.count < 20 || !word.contains(where: { (65...90).contains($0) }) ? String(decoding: word, as: UTF8.self) : nil
    }

    private static func isOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    private static func isTenant(_ id: String) -> Bool {
        guard id.utf8.count <= 63, let first = id.utf8.first, (97...122).contains(first) || (48...57).contains(first) else { return false }
        return id.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
    }
}
