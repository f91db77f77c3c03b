import Foundation

/// `run --unattended` as a service manager has it: it waits for people, hears of what others record at once, tells its hooks each thing once across restarts,
/// serves its metrics, and ends when it is told to.
enum UnattendedRun {
    private struct Told: Decodable, Equatable {
        let id: String
        let kind: String
        let tenant: String?
        let text: String
        let next: String
    }

    private struct LogLine: Decodable {
        let level: String
        let message: String
        let tenant: String?
        let outcome: String?
    }

    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(agents: false)
        let told = "\(stage.folder)/told"
        try """
        tell:
          - { name: file, command: [/bin/sh, -c, 'printf "%s\\n" "$CUTOVER_NOTICE" >> "$0"', \(told)] }
          - { name: nobody, webhook: env:HOOK }
        """.write(toFile: "\(stage.folder)/cutover.yaml", atomically: true, encoding: .utf8)
        // Nobody listens there; what stands behind the slash is the secret.
        let changes = ["HOOK": "http://127.0.0.1:1/T0PSECRET"]
        try await refusals(stage)

        let first = try await stage.start("cutoverctl", words, changes)
        let asked = try await eventually("a hook is told that somebody is wanted", within: 60) { try notices(told).first { $0.kind == "waits-for-person" && $0.text.contains("env.wire") } }
        try expect(asked.next.hasPrefix("cutoverctl approve acme --access"), "the hook is told to type \(asked.next)")
        try await scraped(stage)
        // It waits, and hears at once of what another process records.
        _ = try await eventually("it goes on", within: 90) {
            try await stage.sign()
            return try await stage.verified("acme").last == "A1/env.wire" ? true : nil
        }
        first.kill(SIGTERM)
        let ended = try await first.ended()
        try expect(ended.code == 4, "told to stop, it ended with \(ended.code): \(ended.said)")
        try expect(!(ended.err + ended.out).contains("T0PSECRET"), "the log holds a hook's address")
        let log = try lines(ended.err)
        try expect(log.contains { $0.tenant == "acme" && $0.outcome == "gated" }, "the log tells nothing of the gate: \(log.map(\.message))")
        try expect(log.contains { $0.level == "warning" && $0.message.contains("hook nobody could not be told") }, "nobody is told that a hook does not answer")

        let before = try notices(told)
        let second = try await stage.start("cutoverctl", words, changes)
        try await stage.ctl("hold", "acme", "--reason", "a customer called", code: 0)
        _ = try await eventually("the hook is told of the hold", within: 60) { try notices(told).contains { $0.kind == "held" } ? true : nil }
        second.kill(SIGTERM)
        try expect(try await second.ended().code == 4, "the second run was not stopped")
        let after = try notices(told)
        try expect(Array(after.prefix(before.count)) == before && Set(after.map(\.id)).count == after.count, "something was told twice: \(after.map(\.text))")
        try await stage.ctl("journal", "verify", code: 0)
    }

    private static let words = ["run", "--unattended", "--log", "json", "--metrics", "127.0.0.1:0"]

    private static func refusals(_ stage: Stage) async throws {
        let unset = try await stage.ctl("run", "--unattended", code: 1)
        try expect(unset.err.contains("the variable HOOK holds none"), "a hook without an address is not told: \(unset.said)")
        let open = try await stage.ctl("run", "--metrics", "0.0.0.0:9464", code: 64)
        try expect(open.err.contains("--metrics-open"), "an address for all is not refused: \(open.said)")
        let unit = try await stage.ctl("run", "--unit", code: 0)
        try expect(unit.out.contains("Type=notify") && unit.out.contains("WorkingDirectory="), "no unit is printed: \(unit.said)")
    }

    private static func scraped(_ stage: Stage) async throws {
        let log = try FileManager.default.contentsOfDirectory(atPath: stage.logs).sorted().last { $0.hasSuffix("cutoverctl-run.err") }.map { try String(contentsOfFile: "\(stage.logs)/\($0)", encoding: .utf8) } ?? ""
        guard let start = log.range(of: "metrics are at ")?.upperBound else { throw Trouble("it does not say where metrics are: \(log)") }
        let asking = ["-c", "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())", String(log[start...].prefix { $0 != "\"" })]
        let text = try await RunningProgram.start("/usr/bin/python3", asking, environment: [:], folder: stage.folder, log: "\(stage.logs)/metrics").ended().out
        for line in ["cutover_tenants{state=\"gated\"} 1", "cutover_tenants_doing{doing=\"person\"} 1", "cutover_in_motion 1", "# TYPE cutover_tenant_seconds_total counter"] {
            try expect(text.contains("\(line)\n"), "metrics lack `\(line)`: \(text)")
        }
    }

    private static func notices(_ path: String) throws -> [Told] {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return try text.split(separator: "\n").map { try JSONDecoder().decode(Told.self, from: Data($0.utf8)) }
    }

    private static func lines(_ text: String) throws -> [LogLine] {
        try text.split(separator: "\n").map { line in
            do { return try JSONDecoder().decode(LogLine.self, from: Data(line.utf8)) } catch { throw Trouble("a log line is no JSON: \(line)") }
        }
    }
}
