import Cutover
import Foundation
import Testing

@testable import Transports

@Suite("the parts of the way over Systems Manager") struct SSMPartsTests {
    @Test("every status has its meaning, however it is spelled", arguments: [
        ("Pending", "Pending", "under way"), ("InProgress", "In Progress", "under way"), ("Delayed", "Delayed", "under way"), ("Cancelling", "Cancelling", "under way"),
        ("Success", "Success", "ended"), ("Failed", "Failed", "ended"), ("TimedOut", "ExecutionTimedOut", "unsure"), ("TimedOut", "Execution Timed Out", "unsure"),
        ("TimedOut", "DeliveryTimedOut", "unsure"), ("TimedOut", "Delivery Timed Out", "unsure"), ("Cancelled", "Cancelled", "unsure"), ("TimedOut", "", "unsure"),
        ("Cancelled", "Terminated", "not started"), ("Failed", "Undeliverable", "not started"), ("Failed", "Invalid Platform", "not started"),
        ("Failed", "Access Denied", "not started"), ("Failed", "", "ended"), ("Success", "", "ended"), ("Failed", "Something New", "under way"), ("", "", "under way"),
        ("InProgress", "success", "ended"), ("Pending", "Rate Exceeded", "under way"), ("Failed", "Incomplete", "under way"),
    ])
    func fate(status: String, details: String, meaning: String) {
        let said = switch SSMFate(status: status, details: details) {
        case .underWay: "under way"
        case .ended: "ended"
        case .unsure: "unsure"
        case .notStarted: "not started"
        }
        #expect(said == meaning)
    }

    private func error(_ status: Int, _ body: String) -> SSMError { SSMError(status: status, headers: [:], body: Array(body.utf8)) }

    @Test("an error's code is what stands after the last # and before the first colon; what is not in the model's form is not repeated", arguments: [
        (#"{"__type":"com.amazonaws.ssm#InvalidInstanceId:http://x","Message":"no"}"#, SSMError.refused(code: "InvalidInstanceId", message: "no")),
        (#"{"__type":"ThrottlingException","message":"slow"}"#, .refused(code: "ThrottlingException", message: "slow")),
        ("<html>a secret</html>", .refused(code: "status 400", message: "")),
    ])
    func codes(body: String, expected: SSMError) async throws { #expect(error(400, body) == expected) }

    @Test("an error of the server's own says nothing of what was done")
    func unclear() {
        guard case .unclear = error(500, #"{"__type":"InternalServerError"}"#) else {
            Issue.record("a 500 was taken for a refusal")
            return
        }
    }

    @Test("a pause is anything up to a bound that doubles, and never more than 20 s")
    func jitter() {
        for attempt in 0..<40 {
            let bound = min(20, 0.5 * pow(2, Double(attempt)))
            #expect(FullJitter.pauseSeconds(attempt: attempt, first: 0.5, chance: 0) == 0)
            #expect(FullJitter.pauseSeconds(attempt: attempt, first: 0.5, chance: 0.999) <= bound)
            #expect(FullJitter.pauseSeconds(attempt: attempt, first: 0.5, chance: 0.5) == bound / 2)
        }
    }

    @Test("the pace is AWS's own account's unless the operator sets another one")
    func pace() {
        let usual = SSMSettings(environment: [:])
        #expect((usual.lookMilliseconds, usual.callsPerSecond) == (1000, 10) && usual.trouble == nil)
        let set = SSMSettings(environment: ["CUTOVER_SSM_LOOK": "150ms", "CUTOVER_SSM_CALLS": "30"])
        #expect((set.lookMilliseconds, set.callsPerSecond) == (150, 30) && set.trouble == nil)
    }

    @Test("a pace that is none keeps anything from being sent", arguments: [
        ["CUTOVER_SSM_LOOK": "150"], ["CUTOVER_SSM_LOOK": "0ms"], ["CUTOVER_SSM_LOOK": "1h"], ["CUTOVER_SSM_CALLS": "0"], ["CUTOVER_SSM_CALLS": "many"], ["CUTOVER_SSM_CALLS": "nan"],
    ])
    func noPace(variables: [String: String]) async throws {
        let settings = SSMSettings(environment: variables.merging(["AWS_REGION": "eu-central-1"]) { own, _ in own })
        let transport = SSMTransport(program: "/bin/true", settings: settings, credentials: AWSCredentialChain(environment: [:]))
        let host = TenantHost(id: "acme", host: "i-0123456789abcdef0", transport: "ssm", labels: [:], env: "/e", state: "/s")
        let error = try #require(await #expect(throws: TransportError.self) { try await transport.probeHand(on: host) })
        #expect(error.outcome == .neverSent && error.detail.contains(variables.keys.first ?? "-"))
    }

    @Test("a refusal halves the calls a second for everyone, and answers bring them back")
    func budget() async {
        let budget = CallBudget(perSecond: 100, burst: 10)
        await budget.refused()
        #expect(await budget.rate == 50)
        for _ in 0..<20 { await budget.refused() }
        #expect(await budget.rate == 100.0 / 64)
        for _ in 0..<200 { await budget.answered() }
        #expect(await budget.rate == 100)
    }

    @Test("what was damaged on the way is no answer")
    func damaged() throws {
        let text = Array(Data([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x4c, 0x4a, 6, 0, 0xc2, 0x41, 0x24, 0x35, 3, 0, 0, 0]).base64EncodedString().utf8)
        func ending(_ text: [UInt8], bytes: Int = 3) -> SSMAnswer.Ending {
            .init(code: 0, took: 0, outputBytes: bytes - 1, errorBytes: 1, characters: text.count, digest: Self.digest(text))
        }
        let plain = try #require(ending(text).unpack(text))
        #expect(plain.output == Array("ab".utf8) && plain.errors == Array("c".utf8))
        #expect(ending(text).unpack(Array(text.dropLast(4))) == nil)
        #expect(ending(text, bytes: 4).unpack(text) == nil)
        #expect(ending(text, bytes: 2).unpack(text) == nil)
        var changed = text
        changed[14] ^= 1
        #expect(ending(text).unpack(changed) == nil)
        #expect(ending(changed).unpack(changed) == nil)
    }

    private static func digest(_ bytes: [UInt8]) -> String {
        let file = NSTemporaryDirectory() + "parts-\(UUID().uuidString)"
        _ = FileManager.default.createFile(atPath: file, contents: Data(bytes))
        defer { try? FileManager.default.removeItem(atPath: file) }
        return (try? ProgramFile.digest(of: file)) ?? ""
    }

    @Test("a line cut off in its middle is no line; a text cut off says how much is missing")
    func reading() {
        let digest = String(repeating: "0", count: 64)
        #expect(SSMAnswer.read("cutover-1 ended 0 1 2", mark: "cutover-1") == nil)
        #expect(SSMAnswer.read("another ended 0 0 0 0 0 \(digest)", mark: "cutover-1") == nil)
        let ending = SSMAnswer.Ending(code: 75, took: 3, outputBytes: 4, errorBytes: 5, characters: 8, digest: digest)
        #expect(SSMAnswer.read("motd cutover-1 ended 75 3 4 5 8 \(digest)\nAAAA\n---Output truncated---", mark: "cutover-1") == .ended(ending, text: Array("AAAA".utf8)))
        #expect(SSMAnswer.read("cutover-1 trouble no room here\n", mark: "cutover-1") == .trouble("no room here"))
    }

    @Test("a program is fetched from an address that holds no secret", arguments: ["https://x/y?X-Amz-Signature=1", "https://a:b@x/y", "ftp://x/y", "y", "https://x/{{y}}"])
    func addresses(url: String) { #expect(throws: ProgramFetch.Failure.self) { try ProgramFetch.address(url, machine: "x86_64", digest: "d") } }

    @Test("a program that hosts fetch is put there if it is the one, and not otherwise")
    func fetched() async throws {
        let host = try await ScriptHost(.ssm)
        let manager = try await SystemsManager.shared()
        _ = try host.transport("echo fetched")
        let shelf = "\(host.path)/shelf"
        try FileManager.default.createDirectory(atPath: shelf, withIntermediateDirectories: true)
        let digest = try ProgramFile.digest(of: host.program)
        try FileManager.default.copyItem(atPath: host.program, toPath: "\(shelf)/\(digest)")
        let transport = manager.transport(host.program) { $0.programURL = "file://\(shelf)/{digest}" }
        #expect(try await transport.placeHand(on: host.target) == .present(digest: digest, isThisBuild: true))
        #expect(try await host.run(transport).output == "fetched\n")
        try Data("something else".utf8).write(to: URL(fileURLWithPath: "\(shelf)/\(digest)"))
        try await transport.removeHand(from: host.target)
        let error = await #expect(throws: Cutover.TransportError.self) { try await transport.placeHand(on: host.target) }
        #expect(error?.detail.contains("another digest") == true)
        #expect(try await transport.probeHand(on: host.target) == .absent)
    }
}
