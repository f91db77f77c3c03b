import Cutover
import Foundation
import LabKit
import Testing
import Transports

@Suite("what becomes of an operation when the lab's agents misbehave as real ones do") struct LabLinkTests {
    private func lines(_ host: ScriptHost) -> Int { (try? String(contentsOfFile: "\(host.path)/ran", encoding: .utf8).count / 2) ?? 0 }

    @Test("a command that is delivered twice at the same moment runs once, and both tell the same", .timeLimit(.minutes(10)))
    func twice() async throws {
        let lab = try await LabManager.alone { $0.duplicateSeconds = 0.1 }
        let host = try await ScriptHost(.lab, lab: lab)
        let transport = try await host.placed("echo x >>\(host.path)/ran; sleep 1; echo done")
        let before = await lab.runs
        lab.change { $0.duplicates = 1 }
        #expect(try await host.run(transport).output == "done\n")
        while await lab.runs < before + 2 { try await Task.sleep(for: .milliseconds(20)) }
        // Time enough for the second delivery to do what it should not.
        #expect(try await host.run(transport).output == "done\n")
        #expect(lines(host) == 2)
        await lab.stop()
    }

    @Test("a command whose reply was lost runs once", .timeLimit(.minutes(10)))
    func lost() async throws {
        let lab = try await LabManager.alone { _ in }
        let host = try await ScriptHost(.lab, lab: lab)
        let transport = try await host.placed("echo x >>\(host.path)/ran; echo done")
        let before = lab.calls["SendCommand", default: 0]
        lab.change { $0.loseReplies["SendCommand"] = 1 }
        #expect(try await host.run(transport).output == "done\n")
        #expect(lines(host) == 1)
        #expect(lab.calls["SendCommand", default: 0] == before + 1)
        #expect(lab.calls["ListCommands", default: 0] > 0)
        await lab.stop()
    }

    @Test("a host that is said to be there and takes nothing leaves the outcome unknown", .timeLimit(.minutes(10)))
    func silent() async throws {
        let lab = try await LabManager.alone { _ in }
        let host = try await ScriptHost(.lab, lab: lab)
        let transport = try await host.placed("echo x >>\(host.path)/ran")
        lab.change { ($0.hosts[LabManager.instance], $0.expiryFactor) = (.silent, 0.01) }
        let error = try #require(await #expect(throws: TransportError.self) { try await host.run(transport) })
        #expect(error.outcome == .sentOutcomeUnknown)
        #expect(lines(host) == 0)
        await lab.stop()
    }

    @Test("a throttled account is asked more slowly, and every operation gets through", .timeLimit(.minutes(10)))
    func throttled() async throws {
        let lab = try await LabManager.alone { ($0.callsPerSecond, $0.burst) = (30, 5) }
        let host = try await ScriptHost(.lab, lab: lab)
        let transport = try await host.placed("cat")
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<12 {
                group.addTask { try await host.run(transport, input: Array("\(number)".utf8)).output == "\(number)" }
            }
            for try await isRight in group { #expect(isRight) }
        }
        await lab.stop()
    }
}
