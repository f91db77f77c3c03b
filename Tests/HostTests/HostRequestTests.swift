import Cutover
import Foundation
import Host
import Testing

@Suite("what a host accepts and answers") struct HostRequestTests {
    let host: CounterHost

    init() throws { host = try CounterHost() }

    @Test("input that is no request is refused with exit 64", arguments: ["", "{}", "not json", "[1]", "{\"formatVersion\":1}", "\u{0}"])
    func unreadable(input: String) async throws {
        let served = await host.serve(Array(input.utf8), as: "writing")
        #expect(served.exitCode == 64)
        #expect(served.answer?.status == .refused)
        #expect(!host.has(""))
    }

    @Test("input that is not even text is refused with exit 64")
    func noText() async throws {
        #expect(await host.serve([0xFF, 0xFE, 0x80], as: "writing").exitCode == 64)
    }

    @Test("a request of a format that this build does not know is refused with exit 64")
    func newerFormat() async throws {
        let text = try CanonicalJSON.text(host.request(Counter.Set(), once: .convergent)).replacing("\"formatVersion\":1", with: "\"formatVersion\":2")
        let served = await host.serve(Array(text.utf8), as: "writing")
        #expect(served.exitCode == 64)
        #expect(served.answer?.failure?.what.contains("2") == true)
        #expect(!host.has("ops"))
    }

    @Test("a reading can't be asked as writing or exercising, nor the other way round")
    func otherClass() async throws {
        let wrong: [HostRequest] = [
            try host.request(Counter.Look(), as: .writing, once: .convergent), try host.request(Counter.Look(), as: .exercising),
            try host.request(Counter.Set(), as: .reading), try host.request(Counter.Set(), as: .exercising),
            try host.request(Counter.Try(), as: .reading), try host.request(Counter.Try(), as: .writing, once: .convergent),
        ]
        for request in wrong {
            let served = try await host.serve(request)
            #expect(served.exitCode == 64, "\(request.kind) as \(request.operationClass)")
            #expect(served.answer?.status == .refused)
        }
        #expect(!host.has(""))
    }

    @Test("a command line that says another class than the request is refused")
    func otherCommandLine() async throws {
        let request = try host.request(Counter.Set(), once: .convergent)
        for told in [OperationClass.reading, .exercising] { #expect(try await host.serve(request, as: told).exitCode == 64) }
        #expect(await host.serve(Array(try CanonicalJSON.text(request).utf8), as: "anything").exitCode == 64)
        #expect(!host.has(""))
    }

    @Test("an operation that this build does not have is refused with exit 64")
    func unknownKind() async throws {
        struct Stranger: Writing {
            static let kind: OperationKind = "stranger"
            static let once = Once.convergent
            typealias Result = Int
        }
        let served = try await host.serve(host.request(Stranger(), once: .convergent))
        #expect(served.exitCode == 64)
        #expect(served.answer?.failure?.what.contains("stranger") == true)
    }

    @Test("an operation in a form that this build does not know fails and does nothing")
    func unknownForm() async throws {
        let request = HostRequest(
            id: "op-1", kind: Counter.Fail.kind, operationClass: .writing, once: .convergent, tenant: "acme", step: "A0/count", journal: "journal-1",
            fence: 1, envPath: "", statePath: host.state, payload: "[]")
        let served = try await host.serve(request)
        #expect(served.exitCode == 1)
        #expect(served.answer?.status == .failed)
        #expect(host.count == 0)
    }

    @Test("an answer tells its length and its digest")
    func line() async throws {
        let served = try await host.write(Counter.Set())
        let parts = served.line.split(separator: " ", maxSplits: 3).map(String.init)
        #expect(parts.count == 4)
        #expect(parts[1] == String(parts[3].utf8.count))
        #expect(parts[2] == Digest.sha256(parts[3]))
        #expect(!served.line.contains("\n"))
    }

    @Test("noise before and after an answer does not hide it")
    func noise() async throws {
        let served = try await host.write(Counter.Set())
        let answer = try #require(served.answer)
        for output in ["Welcome to host 7\n\n\(served.line)\nbye\n", "cutover1 is here\n\(served.line)", "\(served.line)\r\n", "é\r\n\(served.line)\r\nlast\r\n"] {
            #expect(HostAnswer.parse(output) == answer)
        }
        #expect(HostAnswer.parse("") == nil)
        #expect(HostAnswer.parse("cutover1 2 3 {}") == nil)
    }

    @Test("an answer that was cut short is none, wherever it was cut")
    func truncated() async throws {
        let line = try await host.write(Counter.Set()).line
        for length in 0..<line.utf8.count { #expect(HostAnswer.parse(String(decoding: Array(line.utf8).prefix(length), as: UTF8.self)) == nil) }
        #expect(HostAnswer.parse(String(line.prefix(40)) + "\n" + String(line.dropFirst(40))) == nil)
    }

    @Test("an answer in which one byte was changed is none, whichever byte it was")
    func flipped() async throws {
        let bytes = Array(try await host.write(Counter.Set()).line.utf8)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x01
            #expect(HostAnswer.parse(String(decoding: changed, as: UTF8.self)) == nil, "byte \(index)")
        }
    }

    @Test("an answer is read whole whatever characters its text holds")
    func anyText() async throws {
        let text = "a\nb\rc\r\nd\u{2028}e\u{2029}f\u{85}g\u{0B}h\u{0C}i\u{0}j \"k\" \\l 😀 e\u{301}\u{301}"
        let served = try await host.serve(host.request(Counter.Echo(text: text), as: .reading))
        #expect(served.answer?.result.flatMap { try? CanonicalJSON.value(String.self, from: $0) } == text)
    }
}
