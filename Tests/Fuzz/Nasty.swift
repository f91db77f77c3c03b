/// Inputs that are nasty by design, too large or too regular to be kept as files.
enum Nasty {
    static let all: [(name: String, bytes: [UInt8])] = texts.map { ($0.0, Array($0.1.utf8)) } + [
        ("no UTF-8", [0xFF, 0xFE, 0xC0, 0x80, 0xED, 0xA0, 0x80] + Array("tenants: []".utf8)), ("zeroes", [UInt8](repeating: 0, count: 10_000)),
        ("half a character at the end", Array("name: ".utf8) + [0xE2, 0x82]),
    ]

    private static func times(_ text: String, _ count: Int) -> String { String(repeating: text, count: count / 16) }

    private static let texts: [(String, String)] = [
        ("nothing", ""), ("a byte order mark", "\u{FEFF}cutover: 1\n"), ("carriage returns", "cutover: 1\r\nname: x\r\n"), ("a NUL", "cutover: 1\u{0}\nname: a\u{0}b\n"),
        ("lists in lists", times("[", 100_000)), ("closed lists in lists", times("[", 12_000) + times("]", 12_000)), ("maps in maps", times("{a: ", 100_000)),
        ("maps in JSON", times("{\"a\":", 12_000) + "1" + times("}", 12_000)), ("dashes", times("- ", 100_000)), ("questions", times("? ", 50_000)),
        ("deep by indentation", (0..<1005).map { String(repeating: " ", count: $0) + "a:\n" }.joined()),
        ("aliases that double", "a0: &a0 [x, x]\n" + (1...40).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }.joined()),
        ("aliases that double in a key", "a0: &a0 [x, x]\n" + (1...40).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }.joined() + "? *a40\n: 1\n? *a39\n: 2\n"),
        ("a long line", "name: " + times("a", 900_000) + "\n"), ("a long word of dots and dashes", times("a.-", 300_000)), ("a long key", times("k", 500_000) + ": 1\n"), ("words of secrets", times("password", 100_000)),
        ("schemes", times("eyJ-", 200_000)), ("slashes", times("a://", 200_000)), ("equal signs", times("key = ", 100_000)), ("lines", times("\n", 500_000)), ("short lines", times("a\n", 500_000)),
        ("a key again and again", times("name: x\n", 5000)), ("other keys again and again", (0..<300).map { "k\($0): 1\nk\($0): 2\n" }.joined()), ("unknown keys", (0..<1500).map { "key\($0): 1\n" }.joined()),
        ("many tenants without anything", "tenants:\n" + times("  - {}\n", 50_000)), ("many steps", "phases:\n - id: A\n   steps:\n" + times("    - { uses: host.prepare }\n", 20_000)),
        ("many phases", "phases:\n" + (0..<1500).map { " - { id: a\($0) }\n" }.joined()), ("many people", "people:\n" + (0..<1500).map { " - { name: a\($0), keys: [] }\n" }.joined()),
        ("many waves", "rollout:\n  waves:\n" + (0..<1500).map { "   - { name: a\($0) }\n" }.joined()),
        ("numbers without end", "a: " + times("9", 500_000)), ("a number in JSON without end", "{\"n\":" + times("9", 500_000) + "}"), ("an exponent", "{\"n\":1e999999999,\"m\":-1E+400}"),
        ("strings in JSON", "[" + times("\"\",", 200_000) + "1]"), ("numbers in JSON", "[" + times("0,", 300_000) + "1]"), ("escapes in JSON", "{\"a\":\"" + times("\\u001b", 50_000) + "\"}"),
        ("half a pair", "{\"a\":\"\\ud800\\ud800\\udc00\\u12\"}"), ("private characters", times("\u{E000}", 3000) + ": 1\n"), ("marks upon marks", "a" + times("\u{301}", 100_000) + ": 1\n"),
        ("quotes", times("\"", 100_000)), ("single quotes", times("'", 100_001)), ("hashes", times("#", 300_000)), ("tabs", times("\t", 100_000) + "a: 1\n"), ("documents", times("---\na: 1\n", 20_000)),
        ("tags", times("!!a ", 50_000) + "x"), ("anchors", (0..<1500).map { "&a\($0) " }.joined()), ("text after text", "a: |\n" + times("  x\n", 100_000)), ("equals", times("=", 200_000)), ("spaces", times(" ", 500_000) + "x"),
    ]
}
