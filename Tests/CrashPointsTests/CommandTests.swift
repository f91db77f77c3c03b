import Foundation
import ProgramsTestKit
import Testing

/// Each command is killed at every point that it reaches, given again, and leaves what it leaves when nobody kills it.
@Suite("commands that are killed and given again") struct CommandTests {
    struct Trial: Sendable, CustomTestStringConvertible {
        let words: [String]
        var before: [[String]] = []
        /// What the second may say where the first had come to its end.
        var alreadyDone = ""
        var leastPoints: Int
        var testDescription: String { words.joined(separator: " ") }
    }

    static let trials = [
        Trial(words: ["key", "new", "--out", "k", "--as", "lead-1"], alreadyDone: "File exists", leastPoints: 5),
        Trial(words: ["approve", "acme", "A3/fallback.remove", "--reason", "reviewed"], leastPoints: 8),
        Trial(words: ["hold", "acme", "--reason", "a customer called"], leastPoints: 8),
        Trial(words: ["journal", "export", "out.jsonl"], before: [["hold", "acme", "--reason", "a customer called"]], leastPoints: 5),
        Trial(words: ["preview", "acme", "--to", "A0/host.prepare", "-o", "saved.json"], leastPoints: 5),
    ]

    @Test("killed anywhere and given again, a command leaves what it leaves undisturbed", arguments: trials)
    func killed(trial: Trial) async throws {
        let whole = try await stage(trial)
        defer { whole.clear() }
        let before = whole.trace.count
        let ended = try await whole.run(trial.words)
        #expect(ended.code == 0, "\(ended.said)")
        let points = Array(whole.trace.dropFirst(before))
        try #require(Set(points).count >= trial.leastPoints, "\(points)")
        let said = try await whole.said()
        for point in Set(points).sorted() {
            let ground = try await stage(trial)
            defer { ground.clear() }
            let killed = try await ground.run(trial.words, dyingAt: point)
            #expect(killed.code == 137 && ground.died == [point], "not killed at \(point): \(killed.code), \(killed.said)")
            let again = try await ground.run(trial.words)
            let isDone = again.code == 0 || !trial.alreadyDone.isEmpty && again.said.contains(trial.alreadyDone)
            #expect(isDone, "killed at \(point) and given again it ended with \(again.code): \(again.said)")
            #expect(ground.names == whole.names, "killed at \(point)")
            #expect(try await ground.said() == said, "killed at \(point)")
            if said.isEmpty { continue }
            let verified = try await ground.run(["journal", "verify"])
            #expect(verified.code == 0, "killed at \(point): \(verified.said)")
        }
    }

    private func stage(_ trial: Trial) async throws -> Ground {
        let ground = try Ground()
        let plans = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "Plans/lab.yaml")
        try FileManager.default.copyItem(atPath: plans.path, toPath: "\(ground.folder)/plan.yaml")
        try """
            tenants:
              - { id: acme, host: localhost, transport: local, labels: { env: lab-canary }, env: \(ground.folder)/env, state: \(ground.folder)/state }
              - { id: globex, host: localhost, transport: local, labels: { env: lab }, env: \(ground.folder)/env-2, state: \(ground.folder)/state-2 }
            """.write(toFile: "\(ground.folder)/fleet.yaml", atomically: true, encoding: .utf8)
        for words in trial.before {
            let ended = try await ground.run(words)
            try #require(ended.code == 0, "\(ended.said)")
        }
        return ground
    }
}
