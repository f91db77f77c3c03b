import Foundation
import Testing

@testable import Transports

/// moto's server, for all tests of this run.
enum Moto {
    private static let running = Task { try await PythonPart.start("moto_ssm.py") }
    static func endpoint() async throws -> String { try await running.value }
}

@Suite("our calls against moto") struct MotoTests {
    @Test("a command is sent, listed with its comment, and asked after") func roundTrip() async throws {
        var settings = SSMSettings(environment: ["AWS_ENDPOINT_URL": try await Moto.endpoint()])
        settings.pauseMilliseconds = 5
        let credentials = AWSCredentialChain(environment: ["AWS_ACCESS_KEY_ID": "AKIDMOTO", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "t+/="])
        let client = SSMClient(region: "eu-west-3", settings: settings, credentials: credentials)
        let instance = "i-0123456789abcdef0"
        let comment = "cutover:op:\(UUID().uuidString.prefix(13))"
        let sent = try await client.order(SendCommand(instance: instance, comment: comment, script: "echo {} 'é'", deliverySeconds: 60, executionSeconds: 90)).command
        let listed = try await client.ask(ListCommands(filters: [CommandFilter(key: "InvokedAfter", value: "2026-01-01T00:00:00Z")], next: nil))
        let found = try #require(listed.commands?.first { $0.comment == comment })
        #expect(found.id == sent.id && found.instances == [instance])
        #expect(abs((found.requested ?? 0) - client.time) < 3600 * 26)
        let told = try await client.ask(GetCommandInvocation(command: sent.id, instance: instance))
        #expect(SSMFate(status: told.status, details: told.details) != .underWay)
        let error = await #expect(throws: SSMError.self) { try await client.ask(GetCommandInvocation(command: UUID().uuidString, instance: instance)) }
        guard case .refused(let code, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(code == "InvocationDoesNotExist" || code == "InvalidCommandId")
    }
}
