import Cutover
import Testing

@testable import Journals

@Suite("an event's facts, as they are stored") struct FactsTextTests {
    @Test("are read by hand as the general reader reads them", arguments: [
        "{}", #"{"a":"b"}"#, #"{"a":"","":"b","c d":"é 😀"}"#, #"{"a":"\u00e9\n\"x\\"}"#, #"{"a":"b","a":"c"}"#, #"{"é":"1","e\u0301":"2"}"#, #"{ "a" : "b" }"#, #"{"a":"b"} "#,
        #"{"a":1}"#, #"{"a":null}"#, #"{"a":"b",}"#, #"{"a":"b""#, "", "[]", "x", "{\"a\":\"b\u{1}\"}", "{\"a\":\"tab\there\"}", #"{"a":"b"}{"#,
    ])
    func same(text: String) {
        #expect(FactsText.facts(text) == (try? CanonicalJSON.value([String: String].self, from: text)) ?? ["unreadable": text])
    }

    @Test("come back as they were, whatever they hold")
    func back() throws {
        var random = SystemRandomNumberGenerator()
        let letters = Array("ab\"\\/\n\té😀:,{} ")
        for _ in 0..<500 {
            let facts = Dictionary(
                (0..<Int.random(in: 0..<5, using: &random)).map { _ in
                    (String((0..<3).map { _ in letters.randomElement(using: &random) ?? "x" }), String((0..<8).map { _ in letters.randomElement(using: &random) ?? "x" }))
                }) { first, _ in first }
            #expect(FactsText.facts(try CanonicalJSON.text(facts)) == facts)
        }
    }
}
