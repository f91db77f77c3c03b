import Cutover
import Foundation
import Testing

@testable import Transports

@Suite("what becomes of an operation when Systems Manager does not answer as hoped", .serialized) struct SSMLinkTests {
    /// A host behind an SSM of this test's own; the script leaves a line in `ran` each time it runs.
    private struct Stand {
        let manager: SystemsManager
        let host: ScriptHost
        let transport: any Transport

        init(_ script: String = "echo done", _ change: (inout SSMSettings) -> Void = { _ in }) async throws {
            manager = try await SystemsManager.alone()
            host = try await ScriptHost(.ssm, manager)
            _ = try await host.placed("echo x >>\(host.path)/ran\n\(script)")
            transport = manager.transport(host.program, change)
        }

        var runs: Int { (try? String(contentsOfFile: "\(host.path)/ran", encoding: .utf8).count / 2) ?? 0 }

        /// How often an operation was sent, its looks and parts not counted.
        func sends() async throws -> Int { try await manager.comments().count { $0.hasPrefix("cutover:op-1:") && $0.count(where: { $0 == ":" }) == 2 } }

        func run(within seconds: Int = 60) async throws(TransportError) -> ActionResult { try await host.run(transport, within: seconds) }

        func failure(within seconds: Int = 60) async throws -> TransportError {
            try #require(await #expect(throws: TransportError.self) { try await run(within: seconds) })
        }
    }

    @Test("a command whose answer was lost is found by its comment, and not sent again", arguments: ["lost", "500 after"])
    func adopted(fault: String) async throws {
        let stand = try await Stand()
        try await stand.manager.misbehave("SendCommand", as: fault)
        #expect(try await stand.run().output == "done\n")
        #expect(try await stand.sends() == 1)
        #expect(stand.runs == 1)
        let objections = try await stand.manager.objections()
        #expect(objections == [])
    }

    @Test("a client that sends again where an answer was lost sends twice: this test can see it")
    func naive() async throws {
        let stand = try await Stand { $0.resendsBlindly = true }
        try await stand.manager.misbehave("SendCommand", as: "lost")
        #expect(try await stand.run().output == "done\n")
        #expect(try await stand.sends() == 2)
    }

    @Test("it is found on any page of the commands")
    func pages() async throws {
        let stand = try await Stand()
        try await stand.manager.rule(["page": 1])
        try await stand.manager.misbehave("SendCommand", as: "lost")
        #expect(try await stand.run().output == "done\n")
        #expect(try await stand.sends() == 1)
    }

    @Test("a command that no listing shows is found on the host itself, and runs once though another one may follow")
    func hidden() async throws {
        let stand = try await Stand { $0.searches = 1 }
        try await stand.manager.misbehave("SendCommand", as: "lost")
        // Only the look at the host, which comes later, is listed.
        try await stand.manager.misbehave("ListCommands", as: "hidden")
        #expect(try await stand.run().output == "done\n")
        #expect(stand.runs == 1)
    }

    @Test("what neither a listing nor the host knows is sent again, and runs once", arguments: ["cut", "500", "503"])
    func again(fault: String) async throws {
        let stand = try await Stand()
        try await stand.manager.misbehave("SendCommand", as: fault)
        #expect(try await stand.run().output == "done\n")
        #expect(try await stand.sends() == 1)
        #expect(stand.runs == 1)
    }

    @Test("without a right to list commands an unclear sending stays unknown")
    func forbidden() async throws {
        let stand = try await Stand()
        try await stand.manager.rule(["forbidden": ["ListCommands"]])
        try await stand.manager.misbehave("SendCommand", as: "cut")
        let error = try await stand.failure()
        #expect(error.outcome == .sentOutcomeUnknown)
        #expect(error.detail.contains("AccessDeniedException"))
        #expect(stand.runs == 0)
    }

    @Test("a command that the agent runs twice has its effect once")
    func twice() async throws {
        let stand = try await Stand("cat; date +%N")
        try await stand.manager.rule(["twice": true])
        _ = try await stand.run()
        #expect(stand.runs == 1)
    }

    @Test("answers that were read go from the host with what is sent next")
    func cleared() async throws {
        let stand = try await Stand()
        let transport = stand.manager.transport(stand.host.program) { $0.answersFolder = stand.host.path }
        for _ in 0..<3 { _ = try await stand.host.run(transport) }
        #expect(stand.host.names("").count { $0.hasPrefix("cutover-ssm-") } == 1)
    }

    @Test("all registered hosts are listed, page by page")
    func registered() async throws {
        let stand = try await Stand()
        let names = (1...3).map { "i-0000000000000000\($0)" }
        try await stand.manager.rule(["page": 2, "registered": names, "lost": [names[2]]])
        let found = try await SSMInstances(settings: stand.manager.settings, credentials: SystemsManager.credentials).list(in: [])
        #expect(found.map(\.id) == names && found.map(\.ping) == ["Online", "Online", "ConnectionLost"])
        #expect(found.first?.address == "10.0.0.1" && found.first?.computer == "\(names[0]).test")
        let objections = try await stand.manager.objections()
        #expect(objections == [])
    }

    @Test("in an account where many others are at work commands are still found")
    func crowd() async throws {
        let stand = try await Stand("sleep 1; echo done")
        try await stand.manager.rule(["page": 1, "twice": false])
        let results = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<4 {
                let host = TenantHost(id: "acme", host: "i-0000000000000000\(number)", transport: "ssm", labels: [:], env: "/dev/null", state: stand.host.target.state)
                group.addTask { try await stand.transport.run(RemoteAction(id: "op", operationClass: .writing, input: [], timeoutSeconds: 60), on: host).output }
            }
            // Others' commands, later than ours, fill the pages in front of them.
            let others = SSMClient(region: "eu-central-1", settings: stand.manager.settings, credentials: SystemsManager.credentials)
            while stand.runs < 4 { try await Task.sleep(for: .milliseconds(20)) }
            for number in 0..<12 {
                _ = try await others.order(SendCommand(instance: "i-00000000000000009", comment: "other \(number)", script: "sleep 2", deliverySeconds: 60, executionSeconds: 60))
            }
            return try await group.reduce(into: [String]()) { $0.append($1) }
        }
        #expect(results == Array(repeating: "done\n", count: 4))
    }

    @Test("a refusal leaves nothing unknown, and asks for patience only where it means so")
    func refused() async throws {
        let stand = try await Stand()
        try await stand.manager.misbehave("SendCommand", as: "UnsupportedPlatformType: not here")
        let error = try await stand.failure()
        #expect(error.outcome == .neverSent)
        #expect(error.detail.contains("UnsupportedPlatformType: not here"))
        for call in ["SendCommand", "ListCommandInvocations"] { try await stand.manager.misbehave(call, as: "ThrottlingException: Rate exceeded", times: 3) }
        #expect(try await stand.run().output == "done\n")
        #expect(stand.runs == 1)
    }

    @Test("a host that is not registered, or not heard of, is told before anything is sent", arguments: ["absent", "lost"])
    func absent(rule: String) async throws {
        let stand = try await Stand()
        let other = stand.manager.transport(stand.host.program)
        try await stand.manager.rule([rule: [stand.host.target.host]])
        let before = try await stand.manager.calls()["SendCommand"]
        let error = try #require(await #expect(throws: TransportError.self) { try await stand.host.run(other) })
        #expect(error.outcome == .neverSent)
        #expect(error.detail.contains(rule == "absent" ? "registered" : "does not answer"))
        #expect(try await stand.manager.calls()["SendCommand"] == before)
    }

    @Test("one that was there a moment ago and is no more is refused, and nothing is unknown")
    func gone() async throws {
        let stand = try await Stand()
        #expect(try await stand.run().exitCode == 0)
        try await stand.manager.rule(["absent": [stand.host.target.host]])
        #expect(try await stand.failure().outcome == .neverSent)
    }

    @Test("what Systems Manager says of a host that did not run it", arguments: [
        ("Failed", "Undeliverable", TransportError.Outcome.neverSent), ("Failed", "Invalid Platform", .neverSent), ("Failed", "AccessDenied", .neverSent),
        ("Cancelled", "Terminated", .neverSent), ("TimedOut", "Delivery Timed Out", .sentOutcomeUnknown), ("TimedOut", "ExecutionTimedOut", .sentOutcomeUnknown),
        ("Cancelled", "Cancelled", .sentOutcomeUnknown),
    ])
    func statuses(status: String, details: String, outcome: TransportError.Outcome) async throws {
        let stand = try await Stand()
        let target = TenantHost(id: "acme", host: "i-00000000000000001", transport: "ssm", labels: [:], env: "/dev/null", state: stand.host.target.state)
        try await stand.manager.rule(["status": [target.host: [status, details]]])
        let action = RemoteAction(id: "op-1", operationClass: .writing, input: [], timeoutSeconds: 20)
        let error = try #require(await #expect(throws: TransportError.self) { try await stand.transport.run(action, on: target) })
        #expect(error.outcome == outcome)
        #expect(stand.runs == 0)
    }

    @Test("an operation that ran is answered from the host, whatever Systems Manager calls it", arguments: [("TimedOut", "Delivery Timed Out"), ("Cancelled", "Cancelled")])
    func ranAllTheSame(status: String, details: String) async throws {
        let stand = try await Stand()
        // Said of the operation once it ran, and not of the look at the host.
        try await stand.manager.misbehave("ListCommandInvocations", as: "said \(status)/\(details)", matching: "CommandId")
        #expect(try await stand.run().output == "done\n")
        #expect(stand.runs == 1)
    }

    @Test("a status that nobody knows ends nothing: our own deadline does", .timeLimit(.minutes(10)))
    func deadline() async throws {
        let stand = try await Stand { ($0.deliverySeconds, $0.graceSeconds) = (1, 0) }
        let target = TenantHost(id: "acme", host: "i-00000000000000001", transport: "ssm", labels: [:], env: "/dev/null", state: stand.host.target.state)
        try await stand.manager.rule(["status": [target.host: ["InProgress", "Reticulating"]]])
        let action = RemoteAction(id: "op-1", operationClass: .writing, input: [], timeoutSeconds: 1)
        let error = try #require(await #expect(throws: TransportError.self) { try await stand.transport.run(action, on: target) })
        #expect(error.outcome == .sentOutcomeUnknown)
        #expect(error.detail.contains("Reticulating"))
        #expect(try await stand.manager.calls()["CancelCommand"] == 1)
    }

    @Test("noise of the host's own before the answer is passed over, and what noise has pushed out is fetched", arguments: [200, 3_000, 20_000])
    func noise(length: Int) async throws {
        let stand = try await Stand("head -c 30000 /dev/urandom | base64")
        try await stand.manager.rule(["noise": String(repeating: "Welcome! ", count: length / 9) + "\n"])
        #expect(try await stand.run().output.utf8.count > 40_000)
        #expect(stand.runs == 1)
    }

    @Test("an answer that noise has pushed out whole is unknown, not none")
    func drowned() async throws {
        let stand = try await Stand()
        try await stand.manager.rule(["noise": String(repeating: "Welcome! ", count: 3_000) + "\n"])
        #expect(try await stand.failure().outcome == .sentOutcomeUnknown)
        #expect(stand.runs == 1)
    }

    @Test("a clock that is a little off is no matter, lost answers included", arguments: [-200.0, 200.0])
    func skew(seconds: Double) async throws {
        let stand = try await Stand()
        try await stand.manager.rule(["ahead": seconds])
        try await stand.manager.misbehave("SendCommand", as: "lost")
        let other = stand.manager.transport(stand.host.program)
        #expect(try await stand.host.run(other).output == "done\n")
        #expect(try await stand.sends() == 1)
    }

    @Test("a clock that is so far off that AWS refuses our signatures is named")
    func clock() async throws {
        let stand = try await Stand()
        try await stand.manager.rule(["ahead": -7200])
        let other = stand.manager.transport(stand.host.program)
        let error = try #require(await #expect(throws: TransportError.self) { try await stand.host.run(other) })
        #expect(error.outcome == .neverSent)
        #expect(error.detail.contains("ahead of AWS's"))
    }

    @Test("pieces of a large input may be lost on the way, and arrive whole")
    func pieces() async throws {
        let stand = try await Stand("sha256sum")
        try await stand.manager.misbehave("SendCommand", as: "cut", matching: "piece2")
        try await stand.manager.misbehave("SendCommand", as: "lost", matching: "piece1")
        let bytes = (0..<150_000).map { UInt8(truncatingIfNeeded: $0 &* 37 ^ ($0 >> 8)) }
        #expect(try await stand.host.run(stand.transport, input: bytes).output == "\(Digest.sha256(bytes))  -\n")
        let objections = try await stand.manager.objections()
        #expect(objections == [])
    }

    @Test("whatever is sent and accepted is as botocore's model has it, and holds nothing of the caller's variables")
    func model() async throws {
        let stand = try await Stand("cat >/dev/null; head -c 60000 /dev/urandom")
        setenv("CUTOVER_TRANSPORT_TEST", "a secret", 1)
        try await stand.manager.misbehave("SendCommand", as: "lost", matching: "SSM_COMMAND_ID")
        _ = try await stand.host.run(stand.transport, input: [UInt8](repeating: 7, count: 70_000))
        let sleeping = try await stand.host.placed("echo >\(stand.host.path)/begun; sleep 30")
        let caller = Task { try await stand.host.run(sleeping) }
        while !stand.host.has("begun") { try await Task.sleep(for: .milliseconds(10)) }
        caller.cancel()
        _ = await caller.result
        let objections = try await stand.manager.objections()
        #expect(objections == [])
        let calls = try await stand.manager.calls()
        for call in ["SendCommand", "ListCommands", "ListCommandInvocations", "GetCommandInvocation", "CancelCommand", "DescribeInstanceInformation"] {
            #expect(calls[call, default: 0] > 0, "\(call)")
        }
        #expect(try await !stand.manager.requests().joined().contains { $0.contains("a secret") || $0.contains("stand-secret") })
    }

    @Test("a thousand tenants take few calls beyond the one that sends", .timeLimit(.minutes(10)))
    func thousand() async throws {
        let tenants = 1000
        let stand = try await Stand { ($0.callsPerSecond, $0.callsInABurst, $0.lookMilliseconds) = (300, 50, 500) }
        try await stand.manager.rule(["canned": true, "seconds": 0.3])
        _ = try await stand.run()
        let before = try await stand.manager.calls()
        try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<tenants {
                let name = "i-1" + String(repeating: "0", count: 16 - String(number).count) + String(number)
                let target = TenantHost(id: TenantID("t\(number)"), host: name, transport: "ssm", labels: [:], env: "/dev/null", state: stand.host.target.state)
                let action = RemoteAction(id: OperationID("op\(number)"), operationClass: .reading, input: [], timeoutSeconds: 120)
                group.addTask { try await stand.transport.run(action, on: target).output }
            }
            for try await output in group { #expect(output == "done\n") }
        }
        let after = try await stand.manager.calls()
        let made = after.map { ($0.key, $0.value - before[$0.key, default: 0]) }.filter { $0.1 > 0 }
        print("calls for \(tenants) tenants: \(made.sorted { $0.0 < $1.0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", "))")
        #expect(after["SendCommand", default: 0] - before["SendCommand", default: 0] == tenants)
        #expect(made.map(\.1).reduce(0, +) <= tenants * 3 / 2)
        let objections = try await stand.manager.objections()
        #expect(objections == [])
    }
}
