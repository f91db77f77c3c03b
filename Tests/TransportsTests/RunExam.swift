import Cutover
import Foundation
import Testing
import Transports

@Suite("an operation on its way through a transport") struct RunExam {
    @Test("the program is called with the operation's class", arguments: Road.allCases, [OperationClass.reading, .exercising, .writing])
    func arguments(road: Road, operationClass: OperationClass) async throws {
        let host = try await ScriptHost(road)
        let transport = try await host.placed(#"echo "$# $1 $2""#)
        #expect(try await host.run(transport, operationClass).output == "2 host \(operationClass.rawValue)\n")
    }

    @Test("the input arrives whole on standard input, a megabyte of any bytes", arguments: Road.allCases)
    func input(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try await host.placed("sha256sum")
        let bytes = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }
        #expect(try await host.run(transport, input: bytes).output == "\(Digest.sha256(bytes))  -\n")
    }

    @Test("a program that does not read its input still answers", arguments: Road.allCases)
    func unreadInput(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try await host.placed("echo done; exit 0")
        let result = try await host.run(transport, input: Array(repeating: 65, count: 1 << 20))
        #expect(result == ActionResult(exitCode: 0, output: "done\n", errors: ""))
    }

    @Test("output and errors come back apart and as they were, noise and all", arguments: Road.allCases)
    func output(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try await host.placed(#"echo "Welcome"; echo trouble >&2; printf 'last line without end: é'"#)
        let result = try await host.run(transport)
        #expect(result.output == "Welcome\nlast line without end: é")
        #expect(result.errors == "trouble\n")
    }

    @Test("a large output comes back whole", arguments: Road.allCases)
    func largeOutput(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try await host.placed("head -c 3000000 /dev/zero | tr '\\0' x")
        #expect(try await host.run(transport).output.utf8.count == 3_000_000)
    }

    @Test("an output beyond all measure is no answer, and what was done is unknown", arguments: Road.allCases)
    func endlessOutput(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try await host.placed("head -c 20000000 /dev/zero | tr '\\0' x")
        let error = await #expect(throws: TransportError.self) { try await host.run(transport) }
        #expect(error?.outcome == .sentOutcomeUnknown)
    }

    @Test("an answer is found among what else was printed", arguments: Road.allCases)
    func answer(road: Road) async throws {
        let host = try await ScriptHost(road)
        let answer = HostAnswer(id: "op-1", status: .done, result: "{\"count\":1}")
        let transport = try await host.placed("echo motd\necho '\(try answer.line())'\necho bye")
        #expect(HostAnswer.parse(try await host.run(transport).output) == answer)
    }

    @Test("a host that refuses is heard: a stale fence, and one that says not now", arguments: Road.allCases, [75, 1])
    func refused(road: Road, code: Int) async throws {
        let host = try await ScriptHost(road)
        let failure = StepFailure(code == 75 ? "fence 3 is stale: the host has seen 4" : "not now, until 14:00, because of a backup", effect: .nothingChanged, next: "cutoverctl status")
        let answer = HostAnswer(id: "op-1", status: .refused, failure: failure)
        let result = try await host.run(host.placed("echo '\(try answer.line())'; exit \(code)"))
        #expect(result.exitCode == code)
        #expect(HostAnswer.parse(result.output) == answer)
    }

    @Test("the exit code comes back", arguments: Road.allCases, [0, 1, 6, 64, 75, 255])
    func exitCode(road: Road, code: Int) async throws {
        let host = try await ScriptHost(road)
        #expect(try await host.run(host.placed("exit \(code)")).exitCode == code)
    }

    @Test("a program that dies of a signal answers 128 and the signal", arguments: Road.allCases)
    func signal(road: Road) async throws {
        let host = try await ScriptHost(road)
#expect(try await host.run(host.placed("kill -KILL $$")).exitCode == 137) }

    @Test("nothing of the caller's variables reaches the program", arguments: Road.allCases)
    func environment(road: Road) async throws {
        let host = try await ScriptHost(road)
        setenv("CUTOVER_TRANSPORT_TEST", "a secret", 1)
        let output = try await host.run(host.placed("/usr/bin/env")).output
        let names = output.split(separator: "\n").compactMap { $0.split(separator: "=").first.map(String.init) }
        // PWD and the like are the shell's own.
        #expect(Set(names).subtracting(["PWD", "OLDPWD", "SHLVL", "_"]) == ["PATH", "HOME", "LC_ALL"])
        #expect(!output.contains("a secret"))
    }

    @Test("without a program on the host nothing is sent", arguments: Road.allCases)
    func neverPlaced(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try host.transport("touch \(host.path)/ran")
        let error = await #expect(throws: TransportError.self) { try await host.run(transport) }
        #expect(error?.outcome == .neverSent)
        #expect(error?.host == host.target.host)
        #expect(error?.detail.contains("host.prepare") == true)
        #expect(!host.has("ran"))
    }

    @Test("after the program was taken away nothing is sent", arguments: Road.allCases)
    func takenAway(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try await host.placed("touch \(host.path)/ran")
        try await transport.removeHand(from: host.target)
        #expect(await #expect(throws: TransportError.self) { try await host.run(transport) }?.outcome == .neverSent)
        #expect(!host.has("ran"))
    }

    @Test("an operation that takes too long is killed, and what it did is unknown", arguments: Road.allCases)
    func timeout(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try await host.placed("echo begun >\(host.path)/begun\nexec sleep 304")
        let error = await #expect(throws: TransportError.self) { try await host.run(transport, within: 1) }
        #expect(error?.outcome == .sentOutcomeUnknown)
        #expect(error?.detail.contains("1 s") == true)
        #expect(host.has("begun"))
    }

    @Test("a timeout does not wait for what the operation left running", arguments: Road.allCases)
    func timeoutWithChild(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try await host.placed("setsid sleep 600 &\necho $! >\(host.path)/child\nwait")
        let error = await #expect(throws: TransportError.self) { try await host.run(transport, within: 1) }
        #expect(error?.outcome == .sentOutcomeUnknown)
        let child = try #require(Int32(String(contentsOfFile: "\(host.path)/child", encoding: .utf8).trimmingCharacters(in: .newlines)))
        // It answered while the child was still at it.
        #expect(kill(child, SIGKILL) == 0)
    }

    @Test("a caller who gives up learns that the outcome is unknown", arguments: Road.allCases)
    func cancelled(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try await host.placed("cat >/dev/null\necho begun >\(host.path)/begun\nexec sleep 305")
        let caller = Task { try await host.run(transport) }
        while !host.has("begun") { await Task.yield() }
        caller.cancel()
        let error = await #expect(throws: TransportError.self) { try await caller.value }
        #expect(error?.outcome == .sentOutcomeUnknown)
    }

    @Test("operations for one host and for many run at once", arguments: Road.allCases)
    func atOnce(road: Road) async throws {
        let host = try await ScriptHost(road)
        // Each waits for the other to have begun: one after the other, neither would end.
        let transport = try await host.placed(#"n=$(cat); mkdir -p "$0.d"; touch "$0.d/$n"; while [ "$(ls "$0.d" | wc -l)" -lt 2 ]; do :; done; echo "$n""#)
        async let one = host.run(transport, input: Array("1".utf8))
        async let two = host.run(transport, input: Array("2".utf8))
        #expect(try await [one.output, two.output] == ["1\n", "2\n"])
    }
}
