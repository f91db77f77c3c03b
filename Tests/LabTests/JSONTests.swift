import Testing

@testable import LabKit

@Suite("JSON as the plugin reads it")
struct JSONTests {
    @Test("text after the first value is not looked at")
    func trailing() throws {
        #expect(try JSONReader.read(#"{"a": 1} garbage"#)["a"]?.integer == 1)
    }

    @Test("bytes that are not UTF-8 and lone surrogates become U+FFFD")
    func repair() throws {
        #expect(try JSONReader.read([0x22, 0x61, 0xFF, 0x22]) == .string("a\u{FFFD}"))
        #expect(try JSONReader.read(#""\ud800x\udc00\ud83d\ude00""#) == .string("\u{FFFD}x\u{FFFD}😀"))
    }

    @Test("a number is kept as it was written", arguments: ["0", "-0", "10", "0.50", "-12.5e-3", "1E+2", "7e0"])
    func numbers(text: String) throws { #expect(try JSONReader.read("[\(text)]").text == "[\(text)]") }

    @Test("what Go refuses is refused", arguments: ["", "{", "[1,]", "01", "nul", "\"a\nb\"", "{a:1}", #""\x""#, "+1", "-", "1.", ".5", "1e", "1e+", "-01", "1.5.2", "1-2"])
    func malformed(text: String) {
        #expect(throws: JSONReader.Malformed.self) { try JSONReader.read(text) }
    }

    @Test("a text written and read again is the same")
    func roundTrip() throws {
        let value: JSONValue = ["a\"\\\n\u{1}": ["é", "e\u{301}", "😀", 3, true, [:]], "b": .null]
        #expect(try JSONReader.read(value.text) == value)
    }

    @Test("names match in any letter case, null leaves a field out, a wrong type is refused")
    func lenient() throws {
        let object = try LenientObject(Array(#"{"CONTENT":"x","content":null,"pin":"yes"}"#.utf8))
        #expect(try object.string("content") == "x")
        #expect(throws: PluginProblem.self) { try object.bool("pin") }
    }

    @Test("a memory needs a text, a kind and a source the contract knows")
    func memoryWrite() throws {
        func write(_ text: String) throws -> MemoryWrite { try MemoryWrite(LenientObject(Array(text.utf8))) }
        #expect(try write(#"{"content":" x ","kind":"fact","source":"agent","embedding":[]}"#).embedding == nil)
        #expect(throws: PluginProblem.self) { try write(#"{"content":"\u3000","kind":"fact","source":"agent"}"#) }
        #expect(throws: PluginProblem.self) { try write(#"{"content":"x","kind":"kv","source":"agent"}"#) }
    }

    @Test("a path is decoded before it is split, and a trailing slash matches nothing")
    func paths() {
        #expect(Asked.segments(of: "/v1/namespaces/org%3Ax") == ["v1", "namespaces", "org:x"])
        #expect(Asked.segments(of: "/v1/namespaces/org%2Fx")?.count == 4)
        #expect(Asked.segments(of: "/v1/health/") == nil)
        #expect(Asked.parameters(of: "q=a%20b+c&limit=5") == ["q": "a b c", "limit": "5"])
    }
}
