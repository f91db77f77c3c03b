/// Numbers that differ from name to name and are always the same: so that many do not do the same thing at the same moment.
public enum Spread {
    /// FNV-1a, then mixed, for names that differ in their last letter only.
    public static func of(_ text: String, below bound: UInt64) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        return (hash ^ (hash >> 33)) % max(1, bound)
    }
}

extension Spread {
    /// A time of about that many seconds, at most a quarter more or less: those who began together come apart.
    public static func about(_ seconds: Int, _ name: String) -> Int { seconds - seconds / 4 + Int(of(name, below: UInt64(max(1, seconds / 2)))) }
}
