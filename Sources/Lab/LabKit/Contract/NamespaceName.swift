/// The grammar of namespace names: lowercase letters, a colon, then letters, digits and `_ : . -`; at most 256 bytes, nothing else in the string.
enum NamespaceName {
    static func isValid(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard bytes.count <= 256, let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return false }
        let rest = bytes[(colon + 1)...]
        return bytes[..<colon].allSatisfy { (0x61...0x7A).contains($0) } && !rest.isEmpty && rest.allSatisfy(isTailByte)
    }

    private static func isTailByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "_:.-".utf8.contains(byte)
        }
    }
}

/// What a namespace is for. The prefix of its name is a custom, not checked against this.
enum NamespaceKind: String, Sendable, CaseIterable {
    case workspace, team, org, custom
}
