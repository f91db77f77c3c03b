import Cutover
import Foundation
import Host
import Testing

@Suite("several readings in one request") struct SeveralReadingsTests {
    let host: CounterHost

    init() throws { host = try CounterHost() }

    private func ask(_ asked: [Readings.One], seconds: Int = 60) async throws -> [HostAnswer] {
        let served = try await host.serve(host.request(Readings(asked, seconds: seconds), id: "reading-1", as: .reading))
        #expect(served.exitCode == 0)
        return try CanonicalJSON.value([HostAnswer].self, from: try #require(served.answer?.result))
    }

    private func value<Value: Decodable>(_ answer: HostAnswer, as: Value.Type) throws -> Value { try CanonicalJSON.value(Value.self, from: try #require(answer.result)) }

    @Test("each is answered as it would be alone, in the order in which they were asked")
    func each() async throws {
        _ = try await host.write(Counter.Set())
        let answers = try await ask([.init(Counter.Echo(text: "\"one\"\n")), .init(Counter.Look()), .init(Counter.Echo(text: "three"))])
        #expect(answers.map(\.status) == [.done, .done, .done] && answers.allSatisfy { $0.id == "reading-1" })
        #expect(try value(answers[0], as: String.self) == "\"one\"\n")
        #expect(try value(answers[1], as: Counter.Value.self).count == 1)
        #expect(try value(answers[2], as: String.self) == "three")
    }

    @Test("what writes or tries is refused in it, and changes nothing; so is what nobody knows, and what carries others again")
    func onlyReadings() async throws {
        struct Smuggled: Reading {
            static let kind = Counter.Set.kind
            typealias Result = Counter.Value
        }
        struct Trial: Reading {
            static let kind = Counter.Try.kind
            typealias Result = Counter.Value
        }
        struct Stranger: Reading {
            static let kind: OperationKind = "stranger"
            typealias Result = Int
        }
        let inner = Readings([try .init(Counter.Look())], seconds: 60)
        let answers = try await ask([.init(Smuggled()), .init(Trial()), .init(Stranger()), .init(inner), .init(Counter.Look())])
        #expect(answers.map(\.status) == [.refused, .refused, .refused, .refused, .done])
        #expect(answers[2].failure?.what.contains("stranger") == true)
        #expect(host.count == 0 && !host.has("ops") && !host.has("fence"))
    }

    @Test("it is a reading: asked as anything else it is refused")
    func otherClass() async throws {
        let readings = Readings([try .init(Counter.Look())], seconds: 60)
        for request in [try host.request(readings, as: .writing, once: .convergent), try host.request(readings, as: .exercising)] {
            let served = try await host.serve(request)
            #expect(served.exitCode == 64 && served.answer?.status == .refused)
        }
        #expect(try await host.serve(host.request(readings, as: .reading), as: .writing).exitCode == 64)
    }

    @Test("one that fails and one that does not end keep none of the others from answering")
    func others() async throws {
        let answers = try await ask([.init(Counter.Break()), .init(Counter.Linger()), .init(Counter.Echo(text: "here"))], seconds: 1)
        #expect(answers.map(\.status) == [.failed, .failed, .done])
        #expect(answers[0].failure?.what.contains("the abacus broke") == true)
        #expect(answers[1].failure?.what == "counter.linger: no answer within 1 s")
        #expect(answers.allSatisfy { $0.failure?.effect ?? .nothingChanged == .nothingChanged })
    }

    @Test("none of the host's secrets is in any of the answers, and no number in them is mistaken for one")
    func secrets() async throws {
        try "API_TOKEN=hunter2hunter2\nOTHER_TOKEN=123456789\n".write(toFile: host.folder.file("env"), atomically: true, encoding: .utf8)
        let answers = try await ask([.init(Counter.Echo(text: "it is hunter2hunter2")), .init(Counter.Big())])
        #expect(try value(answers[0], as: String.self) == "it is [secret]")
        #expect(try value(answers[1], as: Counter.Value.self).count == 123_456_789)
    }
}
