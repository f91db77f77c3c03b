/// Something that reads what others wrote.
struct Target: Sendable {
    let name: String
    /// Words that mean something in its language; mutations are made of them as well.
    let words: [String]
    /// Makes what was mutated valid where chance alone never would: lengths, digests, chains of hashes.
    var mend: @Sendable ([UInt8]) -> [UInt8] = { $0 }
    /// Of work that one input may take; waiting, it may take three times as long.
    var mostSeconds = 20
    /// What is nasty by design is for readers of text.
    var readsText = true
    let read: @Sendable ([UInt8]) async -> Void

    static func named(_ name: String) throws -> [Target] {
        if name == "all" { return all }
        guard let target = (all + broken).first(where: { $0.name == name }) else {
            throw Misuse(what: "there is no target \(name): all, \(all.map(\.name).joined(separator: ", "))")
        }
        return [target]
    }

    /// They break on anything, so that it is known what is told then.
    static let broken = [
        Target(name: "broken-crash", words: ["x"]) { bytes in precondition(bytes.count > 1 << 30, "it breaks") },
        Target(name: "broken-hang", words: ["x"], mostSeconds: 1) { bytes in while bytes.count < 1 << 30 {} },
        Target(name: "broken-wait", words: ["x"], mostSeconds: 1) { _ in while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) } },
        Target(name: "broken-memory", words: ["x"]) { bytes in
            var kept: [[UInt8]] = []
            while kept.count < 1 << 20 { kept.append([UInt8](repeating: UInt8(truncatingIfNeeded: kept.count), count: 1 << 26)) }
            precondition(kept.count < bytes.count)
        },
    ]

    static let yaml = [
        "&a", "*a", "? ", ": ", "- ", "{", "}", "[", "]", "|\n", ">\n", "!!binary ", "!!map", "%YAML 9.9\n", "---\n", "...\n", "\t", "<<: ", "'", "\"", "# ", "~", "null", "0x7fffffffffffffff", "1e999",
        "9223372036854775807", "-9223372036854775808", "99999999999999999999999d", "9223372036854775807ms", "\u{FEFF}", "\u{0}", "\r\n", "\u{85}", "\u{2028}", "\u{E000}", "\u{202E}",
    ]
    static let json = [
        "{", "}", "[", "]", "\"", ":", ",", "null", "true", "-", "9223372036854775807", "-9223372036854775808", "1e308", "-1e308", "1e-320", "\\u0000", "\\ud800", "\\u001b[2J", "\u{0}", "\u{FEFF}", "\\\"", "\"id\":",
        "\"formatVersion\":9223372036854775807", "99999999999999999999", "\u{9B}31m",
    ]
}
