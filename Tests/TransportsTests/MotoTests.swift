import Foundation
import Testing

@testable import Transports

/// moto's server, for all tests of this run. It checks signatures.
private struct Moto: Sendable {
    let endpoint: String
    let id: String
    let secret: String
    let role: String

    private static let running = Task {
        let words = try await PythonPart.start("moto_ssm.py").split(separator: " ").map(String.init)
        guard words.count == 4 else { throw SystemsManager.Trouble(description: "\(words)") }
        return Moto(endpoint: words[0], id: words[1], secret: words[2], role: words[3])
    }
    static func shared() async throws -> Moto { try await running.value }

    func client(_ environment: [String: String]) -> SSMClient {
        let environment = environment.merging(["AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "eu-west-3"]) { $1 }
        var settings = SSMSettings(environment: environment)
        settings.pauseMilliseconds = 5
        return SSMClient(region: "eu-west-3", settings: settings, credentials: AWSCredentialChain(environment: environment))
    }
}

@Suite("our calls against moto") struct MotoTests {
    private func roundTrip(_ client: SSMClient) async throws {
        let instance = "i-0123456789abcdef0"
        let comment = "cutover:op:\(UUID().uuidString.prefix(13))"
        let sent = try await client.order(SendCommand(instance: instance, comment: comment, script: "echo {} 'é'", deliverySeconds: 60, executionSeconds: 90)).command
        let listed = try await client.ask(ListCommands(filters: [CommandFilter(key: "InvokedAfter", value: "2026-01-01T00:00:00Z")], next: nil))
        let found = try #require(listed.commands?.first { $0.comment == comment })
        #expect(found.id == sent.id && found.instances == [instance])
        let told = try await client.ask(GetCommandInvocation(command: sent.id, instance: instance))
        #expect(SSMFate(status: told.status, details: told.details) != .underWay)
        let error = await #expect(throws: SSMError.self) { try await client.ask(GetCommandInvocation(command: UUID().uuidString, instance: instance)) }
        guard case .refused(let code, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(code == "InvocationDoesNotExist" || code == "InvalidCommandId")
    }

    @Test("a command is sent, listed with its comment, and asked after, by a pair of keys") func keys() async throws {
        let moto = try await Moto.shared()
        try await roundTrip(moto.client(["AWS_ACCESS_KEY_ID": moto.id, "AWS_SECRET_ACCESS_KEY": moto.secret]))
        let error = await #expect(throws: SSMError.self) {
            try await moto.client(["AWS_ACCESS_KEY_ID": moto.id, "AWS_SECRET_ACCESS_KEY": "another"]).ask(ListCommands(filters: [], next: nil))
        }
        guard case .refused = error else {
            Issue.record("a wrong signature was taken: \(String(describing: error))")
            return
        }
    }

    @Test("and by a role that those keys assume") func role() async throws {
        let moto = try await Moto.shared()
        let home = NSTemporaryDirectory() + "moto-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: "\(home)/.aws", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: home) }
        try Data("[base]\naws_access_key_id = \(moto.id)\naws_secret_access_key = \(moto.secret)\n".utf8).write(to: URL(fileURLWithPath: "\(home)/.aws/credentials"))
        try Data("[profile x]\nrole_arn = \(moto.role)\nsource_profile = base\nrole_session_name = a+b@c\nduration_seconds = 900\n".utf8).write(to: URL(fileURLWithPath: "\(home)/.aws/config"))
        try await roundTrip(moto.client(["HOME": home, "AWS_PROFILE": "x"]))
    }
}
