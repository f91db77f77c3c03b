import Cutover
import Foundation
import Testing

@testable import Host

@Suite("what leaves a host") struct HostRedactionTests {
    private func redaction(_ env: String) throws -> Redaction {
        let folder = try Folder()
        try Data(env.utf8).write(to: URL(filePath: "\(folder.path)/env"))
        return Redaction.of(HostSight(tenant: "acme", statePath: folder.path, envPath: "\(folder.path)/env"))
    }

    private struct Told: Codable, Equatable {
        var hunter22: String
        var count: Int
        var nested: [String: String]
    }

    @Test("an answer holds no secret in any of its texts, and its names and numbers are as they were")
    func json() throws {
        let redaction = try redaction("A_TOKEN=hunter22\nB_KEY=12345678\nC_SECRET=quo\"te\\d words\n")
        let told = Told(hunter22: "said hunter22, twice: hunter22", count: 12_345_678, nested: ["a": #"quo"te\d words"#, "b": "12345678 \\", "c": "plain \"text\""])
        let cleaned = try CanonicalJSON.value(Told.self, from: redaction.clean(json: CanonicalJSON.text(told)))
        #expect(cleaned == Told(hunter22: "said [secret], twice: [secret]", count: 12_345_678, nested: ["a": "[secret]", "b": "[secret] \\", "c": "plain \"text\""]))
    }

    @Test("a text without a secret is the same, to the byte")
    func untouched() throws {
        let text = #"{"a":"b\"c","d":[1,2,"é😀"]}"#
        #expect(try redaction("A_TOKEN=hunter22\n").clean(json: text) == text)
    }

    @Test("a short password, which may be a word of ours, is left in values that are read, and cleaned from what is only told")
    func short() throws {
        let redaction = try redaction("DATABASE_URL=postgres://app:cutover@db/app\n")
        #expect(redaction.clean(json: #"{"schema":"cutover"}"#) == #"{"schema":"cutover"}"#)
        #expect(redaction.clean("no password \"cutover\" for app") == "no password \"[secret]\" for app")
    }

    @Test("passwords are known in whichever form the host's settings have them", arguments: [
        ("U=postgres://app:pl%40nted@db/app", "pl@nted"), ("U=postgres://app:pl%40nted@db/app", "pl%40nted"), ("U=postgres://app:pl%zznted@db/app", "pl%zznted"),
        ("U=host=db password=planted user=app", "planted"), ("U=host=db password = 'pla nted' user=app", "pla nted"), ("U=http://x/?password=planted&a=b", "planted"),
        ("U=amqp://a:p@lanted@mq:1/", "p@lanted"),
    ])
    func forms(env: String, secret: String) throws {
        #expect(try redaction(env + "\n").clean("<\(secret)>") == "<[secret]>")
    }

    @Test("the host's evidence keeps no secret, and its chain holds")
    func evidence() async throws {
        let folder = try Folder()
        try Data("A_TOKEN=hunter22\n".utf8).write(to: URL(filePath: "\(folder.path)/env"))
        let host = HostSight(tenant: "acme", statePath: folder.path, envPath: "\(folder.path)/env")
        try await host.evidence.append("sample", ["detail": "it said hunter22"])
        #expect(try host.evidence.entries().map(\.facts) == [["detail": "it said [secret]"]])
    }
}
