import Foundation
import Testing

@testable import Cutover
@testable import Host
@testable import cutoverctl

@Suite("what others wrote, on an operator's terminal") struct TerminalTests {
    static let tricks = [
        "\u{1B}[2J", "\u{1B}]0;owned\u{7}", "\u{1B}[31mred", "\u{9B}31m", "\u{8}\u{8}\u{8}done", "a\rb", "\u{7F}", "\u{202E}txt.exe", "\u{2066}x\u{2069}", "\u{2028}", "\u{1B}P1$r", "\u{1B}\u{1B}[0m", "\u{0}",
    ]

    /// What a terminal might obey.
    static func isHarmless(_ text: String) -> Bool { !text.unicodeScalars.contains(where: HostWords.isUnprintable) }

    @Test("in words, nothing is left that a terminal would obey", arguments: tricks)
    func words(trick: String) {
        #expect(Self.isHarmless(Paint.none.only("a \(trick) b\nc")))
        #expect(Paint.none.only("a \(trick) b\nc").hasSuffix(" b\nc"))
        #expect(Self.isHarmless(PlainText.line(trick)))
        #expect(Self.isHarmless(HostWords.taken(trick)))
    }

    @Test("our own colours stay, and are all that does", arguments: tricks)
    func colours(trick: String) {
        let shown = Paint.ansi.only(Paint.ansi.red("bad \(PlainText.line(trick))") + trick)
        #expect(shown.hasPrefix("\u{1B}[31mbad "))
        let rest = ["31", "32", "33", "2", "0"].reduce(shown) { $0.replacing("\u{1B}[\($1)m", with: "") }
        #expect(Self.isHarmless(rest))
    }

    @Test("JSON says the same, spelled out", arguments: tricks)
    func json(trick: String) throws {
        let document = try JSONText.document(["a": "x\(trick)"])
        #expect(Self.isHarmless(document))
        #expect(try JSONDecoder().decode([String: String].self, from: Data(document.utf8)) == ["a": "x\(trick)"])
        let line = JSONText.escaped(try CanonicalJSON.text(["a": trick]))
        #expect(try JSONDecoder().decode([String: String].self, from: Data(line.utf8)) == ["a": trick])
    }

    @Test("a text without tricks is left as it is")
    func plain() {
        for text in ["", "é 日本 👩‍👩‍👧 \t\n“x”", "cutoverctl why acme"] {
            #expect(Paint.none.only(text) == text)
            #expect(HostWords.taken(text) == text)
            #expect(JSONText.escaped(text) == text)
        }
    }

    @Test("what a host says of a failure is cut, and no secret comes to light by the cut")
    func cut() {
        #expect(HostWords.taken(String(repeating: "ü", count: 100_000)).utf8.count <= 4000)
        for before in stride(from: 7900, through: 8010, by: 7) {
            let said = HostWords.taken(String(repeating: "x", count: before) + " postgres://u:hunter2hunter2@h/d")
            #expect(!said.contains("hunter2"))
        }
        #expect(HostWords.taken("postgres://u:hunter2hunter2@h/d").contains("[secret]"))
    }

    @Test("numbers that no sum could bear are no numbers of a host's", arguments: [
        ("{\"n\":999999999999999}", true), ("{\"n\":1000000000000000}", false), ("{\"n\":-9223372036854775808}", false), ("[1e15]", true), ("[1e16]", false), ("[1E+300]", false),
        ("[1.7976931348623157e+308]", false), ("[0.12345678901234567]", true), ("[1e-300]", true), ("[123456.78901234567890123]", true), ("{\"n\":\"9223372036854775807\"}", true),
        ("{\"a\\\"\":1,\"b\":[12345678901234,12345678901234]}", true), ("[0.00000000000000000001]", true),
    ])
    func numbers(json: String, isPlain: Bool) { #expect(HostWords.hasPlainNumbers(json) == isPlain) }

    @Test("a text that begins with a combining mark keeps no secret from being taken out of an answer")
    func combining() {
        let redaction = Redaction(EnvFile(path: "/nowhere", text: "SERVER_TOKEN=hunter2hunter2\n"))
        #expect(redaction.clean(json: "{\"a\":\"\u{301}x\",\"b\":\"hunter2hunter2\"}") == "{\"a\":\"\u{301}x\",\"b\":\"[secret]\"}")
        for torn in ["{\"a\":\"hunter2hunter2", "{\"a\":\"hunter2hunter2\\", "\"\u{301}hunter2hunter2\\"] { #expect(!redaction.clean(json: torn).contains("hunter2")) }
    }

    @Test("a long text is looked through for secrets as fast as it is read")
    func secrets() {
        // Without a bound on what stands before a word that tells, each of these took hours.
        for piece in ["a", "a.-", "eyJ-", "password", "key = ", "secret_"] { _ = SecretShapes.blotted(String(repeating: piece, count: 60_000 / piece.utf8.count)) }
        #expect(SecretShapes.blotted("my_long_password_of_all = hunter2") == "my_long_password_of_all = [secret]")
    }
}
