import Cutover
import Foundation
import Testing

@testable import Transports

@Suite("one operation after the other over a kept SSH session", .serialized, .timeLimit(.minutes(10))) struct SSHSessionTests {
    /// Says which process is the host's end of the session.
    private static let whose = #"p=$$; while q=$(cut -d' ' -f4 "/proc/$p/stat"); [ "$(cat "/proc/$q/comm")" != sshd ]; do p=$q; done; echo $p"#

    /// A host that no other test reaches by this name, so that nobody else's connection is cut.
    private struct Way {
        let host: ScriptHost
        let transport: any Transport
        let target: TenantHost

        init(_ script: String, change: (inout SSHSettings) -> Void = { _ in }) async throws {
            host = try await ScriptHost(.ssh)
            _ = try await host.placed(script.replacing("HERE", with: host.path).replacing("WHOSE", with: SSHSessionTests.whose))
            var settings = try await SSHServer.shared().settings
            change(&settings)
            transport = SSHTransport(program: host.program, settings: settings)
            target = Self.named(host)
        }

        static func named(_ host: ScriptHost) -> TenantHost {
            TenantHost(id: "acme", host: "s\(UUID().uuidString.prefix(8)).test", transport: "ssh", labels: [:], env: host.target.env, state: host.target.state)
        }

        func run(_ input: String = "", on other: TenantHost? = nil) async throws(TransportError) -> String { try await run(Array(input.utf8), on: other) }

        func run(_ input: [UInt8], on other: TenantHost? = nil) async throws(TransportError) -> String {
            try await transport.run(RemoteAction(id: "op-1", operationClass: .writing, input: input, timeoutSeconds: 60), on: other ?? target).output
        }
    }

    private static func isAlive(_ pid: String) -> Bool { FileManager.default.fileExists(atPath: "/proc/\(pid.trimmingCharacters(in: .newlines))") }

    private static func wait(until isTrue: () -> Bool) async throws { while !isTrue() { try await Task.sleep(for: .milliseconds(20)) } }

    static let inputs: [[UInt8]] = [
        [], Array("{}\n".utf8), Array("{}".utf8), Array("a\n\n b \\n \t\n".utf8), Array("END\n$(x) `y` $z\n".utf8), Array("é\n".utf8), [0, 10, 255, 13, 10],
        Array(repeating: 10, count: 4000), Array(repeating: 65, count: 4000) + [10], (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) },
    ]

    @Test("each operation gets its own input, whatever it is, and all go over one session")
    func inputs() async throws {
        let way = try await Way("sha256sum; WHOSE")
        var ends: Set<Substring> = []
        for input in Self.inputs + Self.inputs {
            let lines = try await way.run(input).split(separator: "\n")
            #expect(lines.first == "\(Digest.sha256(input))  -", "\(input.count) bytes")
            ends.insert(try #require(lines.last))
        }
        #expect(ends.count == 1)
    }

    @Test("what an operation leaves unread of its input is never taken for what comes after it", arguments: [2, 5000, 100_000, 1 << 20])
    func unread(size: Int) async throws {
        let way = try await Way("if [ -e HERE/second ]; then cat; else touch HERE/second; exec 0<&-; echo first; fi")
        // Each line of it would be a script if it were taken for one.
        let tempting = Array("touch \(way.host.path)/obeyed\n".utf8)
        let input = Array(repeatElement(tempting, count: size / tempting.count + 1).joined().prefix(size - 1)) + [0]
        #expect(try await way.run(input) == "first\n")
        #expect(try await way.run("second") == "second")
        #expect(!way.host.has("obeyed"))
    }

    @Test("nothing of an operation is left for the next: no variable, no folder, no mask, no descriptor, and its environment is three variables")
    func nothingLeft() async throws {
        let way = try await Way(#"tr '\0' '\n' </proc/$$/environ | sort"#)
        for _ in 0..<2 { #expect(try await way.run() == "HOME=/nonexistent\nLC_ALL=C.UTF-8\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n") }
        let client = SSHClient(try await SSHServer.shared().settings)
        func say(_ body: String, _ words: [String] = []) async throws -> String { try await client.run(RemoteScript(body, words), on: way.target.host, within: 60).output }
        let asked = #"echo "$# ${left_here-none} $(pwd) $(umask)"; ls /proc/$$/fd | wc -l; type trick 2>/dev/null"#
        let before = try await say(asked)
        _ = try await say("left_here=x; export left_here; trick() { :; }; cd /; umask 000; exec 7</dev/null; set -e -f; false", ["a", "b"])
        #expect(try await say(asked) == before)
        #expect(try await say(#"trap 'echo trapped' EXIT; set -e; false; echo "went on""#) == "trapped\n")
        #expect(try await say(#"printf '%s.' "$@""#, ["a\nb", "c'd", " ", "\u{81}ё$x\\n"]) == "a\nb.c'd. .\u{81}ё$x\\n.")
    }

    @Test("a session that was cut before the operation is replaced, and the operation is carried out once", arguments: [true, false])
    func cutBefore(connection: Bool) async throws {
        let up = connection ? #"p=$(cut -d' ' -f4 "/proc/$p/stat")"# : ":"
        let way = try await Way("echo ran >>HERE/runs; WHOSE >/dev/null; \(up); echo $p")
        for count in 1...5 {
            let end = try await way.run()
            #expect(try String(contentsOfFile: "\(way.host.path)/runs", encoding: .utf8).count == 4 * count)
            kill(try #require(pid_t(end.trimmingCharacters(in: .newlines))), SIGKILL)
        }
    }

    @Test("one that is cut after it was told to go leaves the outcome unknown, and the next one is carried out")
    func cutAfter() async throws {
        let way = try await Way("n=$(cat); if [ $n = 2 ]; then WHOSE >/dev/null; kill -9 $q; sleep 60; fi; echo $n")
        #expect(try await way.run("1") == "1\n")
        let error = await #expect(throws: TransportError.self) { try await way.run("2") }
        #expect(error?.outcome == .sentOutcomeUnknown)
        #expect(try await way.run("3") == "3\n")
    }

    @Test("what an operation left running does not speak into the next one's answer", arguments: ["", "exec 9>&-; ", "exec 9>&- 0</dev/null; "])
    func leftRunning(by: String) async throws {
        // The second one ends when the first one's child has spoken.
        let child = "\(by)while [ ! -e HERE/second ]; do sleep 0.05; done; (echo noise); (echo noise >&2); touch HERE/said; sleep 60"
        let way = try await Way("if [ -e HERE/first ]; then touch HERE/second; while [ ! -e HERE/said ]; do sleep 0.05; done; else touch HERE/first; (\(child)) & echo $! >HERE/child; fi; echo done")
        defer { (try? String(contentsOfFile: "\(way.host.path)/child", encoding: .utf8)).flatMap { pid_t($0.trimmingCharacters(in: .newlines)) }.map { _ = kill($0, SIGKILL) } }
        #expect(try await way.run() == "done\n")
        #expect(try await way.run() == "done\n")
    }

    @Test("a session on which something is said behind the end is ended")
    func noise() async throws {
        let way = try await Way("WHOSE; [ -e HERE/now ] || setsid sh -c 'exec 9>&-; while [ -e HERE/program ] && [ ! -e HERE/now ]; do sleep 0.05; done; echo noise' &")
        let first = try await way.run()
        _ = FileManager.default.createFile(atPath: "\(way.host.path)/now", contents: nil)
        try await Self.wait { !Self.isAlive(first) }
        let second = try await way.run()
        #expect(second != first && second.split(separator: "\n").count == 1)
    }

    @Test("after an operation that was given up the next one has a session of its own")
    func cancelled() async throws {
        let way = try await Way("n=$(cat); if [ $n = 1 ]; then touch HERE/begun; exec sleep 305; fi; WHOSE")
        let before = try await way.run("0")
        let caller = Task { try await way.run("1") }
        try await Self.wait { way.host.has("begun") }
        caller.cancel()
        #expect(await #expect(throws: TransportError.self) { try await caller.value }?.outcome == .sentOutcomeUnknown)
        #expect(try await way.run("2") != before)
    }

    @Test("two at once on one host have a session each, and both are kept")
    func atOnce() async throws {
        let way = try await Way(#"n=$(cat); touch "$0.$n"; while [ ! -e "$0.$((n ^ 1))" ]; do sleep 0.01; done; WHOSE"#)
        async let one = way.run("0")
        async let two = way.run("1")
        let first = Set(try await [one, two])
        #expect(first.count == 2)
        async let three = way.run("0")
        async let four = way.run("1")
        #expect(Set(try await [three, four]) == first)
    }

    @Test("a session that nobody uses ends after its time")
    func idle() async throws {
        let way = try await Way("WHOSE", change: { $0.idleSeconds = 1 })
        let first = try await way.run()
        try await Self.wait { !Self.isAlive(first) }
        #expect(try await way.run() != first)
    }

    @Test("of too many sessions the one that was idle longest ends")
    func bound() async throws {
        let way = try await Way("WHOSE", change: { $0.mostSessions = 2 })
        let others = (0..<2).map { _ in Way.named(way.host) }
        let first = try await way.run()
        let second = try await way.run(on: others[0])
        let third = try await way.run(on: others[1])
        try await Self.wait { !Self.isAlive(first) }
        #expect(try await way.run(on: others[0]) == second)
        #expect(try await way.run(on: others[1]) == third)
    }

    @Test("with its owner a session ends, here and on the host")
    func owner() async throws {
        let mark = "s\(UUID().uuidString.prefix(8)).test"
        func clients() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }.count { pid in
                let words = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/cmdline"))).map { String(decoding: $0, as: UTF8.self) } ?? ""
                return words.contains(mark) && words.contains("exec /bin/sh")
            }
        }
        func once() async throws -> String {
            let way = try await Way("WHOSE")
            let end = try await way.run(on: TenantHost(id: "acme", host: mark, transport: "ssh", labels: [:], env: way.target.env, state: way.target.state))
            #expect(try Self.isAlive(end) && clients() == 1)
            return end
        }
        let end = try await once()
        try await Self.wait { !Self.isAlive(end) && (try? clients()) == 0 }
    }
}
