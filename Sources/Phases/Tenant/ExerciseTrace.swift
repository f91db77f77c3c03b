import Cutover
import Host

/// What an exercise left in the host's evidence ledger; `verify` reads it and never runs the exercise itself.
struct ExerciseTrace: Sendable, Codable, Equatable {
    let name: String
    let green: Bool
    let facts: [String: String]

    /// Records the outcome under the operation that was journalled before it ran.
    static func record(_ name: String, green: Bool, _ facts: [String: String], by hand: HostHand) async throws {
        let told = facts.merging(["name": name, "operation": hand.operation.text, "outcome": green ? "green" : "red"]) { _, new in new }
        try await hand.sight.evidence.append("exercise", told)
    }

    /// The newest trace of that name, whatever its outcome. One from before the effect was last begun proves nothing of it.
    static func newest(_ name: String, after effect: Effect, on host: HostSight) throws -> ExerciseTrace? {
        let entries = try host.evidence.entries()
        let begun = entries.last { $0.kind == "effect" && $0.facts["name"] == effect.name }?.n ?? 0
        guard let entry = entries.last(where: { $0.kind == "exercise" && $0.facts["name"] == name && $0.n > begun }) else { return nil }
        return ExerciseTrace(name: name, green: entry.facts["outcome"] == "green", facts: entry.facts)
    }
}

/// What exercises try out. Noted before it is changed, so that no older trace is taken for a trial of what stands now.
struct Effect: Sendable {
    let name: String

    static let sidecar = Effect(name: "sidecar")
    static let wiring = Effect(name: "wiring")
    static let server = Effect(name: "server")
    static func capture(_ table: LegacyTable) -> Effect { Effect(name: table.own("capture")) }
    static func freeze(_ table: LegacyTable) -> Effect { Effect(name: table.own("freeze")) }
    static func archive(_ table: LegacyTable) -> Effect { Effect(name: table.own("archive")) }

    func begin(by hand: HostHand) async throws {
        try await hand.sight.evidence.append("effect", ["name": name, "operation": hand.operation.text])
    }
}

extension TriesOnHost {
    /// Runs `trial`, records its trace either way, and throws when it went wrong.
    func traced(_ name: String, by hand: HostHand, _ trial: () async throws -> [String: String]) async throws -> [String: String] {
        do {
            let facts = try await trial()
            try await ExerciseTrace.record(name, green: true, facts, by: hand)
            return facts
        } catch {
            let what = (error as? StepFailure)?.what ?? "\(error)"
            try await ExerciseTrace.record(name, green: false, ["why": what], by: hand)
            throw StepFailure("the exercise \(name) failed: \(what)", effect: .partlyChanged, next: "cutoverctl why \(hand.sight.tenant)")
        }
    }
}

/// The content by which a probe memory is known everywhere, chosen from the journalled operation.
func probeContent(_ hand: HostHand, _ part: String) -> String { "cutover-probe \(hand.operation) \(part)" }
