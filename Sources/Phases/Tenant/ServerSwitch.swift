import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// Stops the workspace server, brings both stores to equality, changes its settings and starts it again:
/// how the server is wired, upgraded, and taken back from either.
struct ServerSwitch: Sendable {
    struct Outage: Sendable, Codable, Equatable {
        /// From the stop to the first healthy answer.
        let seconds: Double
        let quiesceSeconds: Double
        let looked: Int
        let rows: Int
        let pid: Int
    }

    static let lockTimeoutSeconds = 5.0
    let stopSeconds: Double
    let quiesceSeconds: Double

    /// Quiesces and starts with `change` applied. When the stores can't be brought to equality, starts the server unchanged and throws.
    func run(_ hand: HostHand, _ change: (EnvFile) throws -> EnvFile) async throws -> Outage {
        let turn = try await SamplingProfile.turn(hand.sight)
        defer { withExtendedLifetime(turn) {} }
        let before = try hand.sight.env()
        let began = Date()
        let server = try WorkspaceServer(before)
        try await server.runtime.stop(within: stopSeconds)
        let stopped = Date()
        let report: Quiesce.Report
        let changed: EnvFile
        do {
            let lane = try await hand.sight.looking { try await StoreLane.of($0) }
            report = try await lane.quiesce(hand, lockTimeoutSeconds: Self.lockTimeoutSeconds, budgetSeconds: quiesceSeconds)
            changed = try change(before)
            try changed.save()
        } catch {
            _ = try await server.start(within: 15, hand.operation)
            throw StepFailure("the stores could not be brought to equality (\(error)); the server runs again as before", effect: .nothingChanged, next: "cutoverctl why \(hand.sight.tenant)")
        }
        let quiesced = Date()
        let pid: Int32
        do { pid = try await WorkspaceServer(changed).start(within: Double(OutageEstimate.startSeconds), hand.operation) } catch {
            // An outage has an end: what does not start as it should be runs on as it was.
            _ = try? await WorkspaceServer(changed).runtime.stop(within: stopSeconds)
            try before.save()
            _ = try await server.start(within: Double(OutageEstimate.startSeconds), hand.operation)
            throw StepFailure("the server does not start with its new settings (\(error)); it runs again as before", effect: .nothingChanged, next: "cutoverctl why \(hand.sight.tenant)")
        }
        try MeasuredOutage(
            stop: stopped.timeIntervalSince(began), quiesce: quiesced.timeIntervalSince(stopped), start: Date().timeIntervalSince(quiesced), rows: report.rows,
            at: HostClock.now.at
        ).keep(hand.sight)
        return Outage(
            seconds: Date().timeIntervalSince(began), quiesceSeconds: report.heldSeconds, looked: report.looked, rows: report.rows, pid: Int(pid))
    }
}

extension ServerSwitch {
    /// Gives `key` the value, remembering what it had before the first time.
    func set(_ key: String, to value: String, _ hand: HostHand, _ effect: Effect) async throws -> [String: String] {
        let present = try hand.sight.env()[key]
        if present != value { try Remembered(key, on: hand.sight).keep(present) }
        try await effect.begin(by: hand)
        return try await run(hand) { $0.setting(key, to: value) }.facts
    }

    /// Gives `key` back what it had; where nothing had been changed, does nothing.
    func putBack(_ key: String, _ hand: HostHand, _ effect: Effect) async throws -> [String: String] {
        let memory = Remembered(key, on: hand.sight)
        // What was sampled was the state that is left now.
        try await SamplingProfile.end(hand.sight)
        guard let earlier = try memory.value() else { return ["effect": "nothing had been changed"] }
        // A sample that was cut short at the end of its wait has nobody who comes after it. A way back does not hang on it.
        if let doors = try? AgentDoors(try hand.sight.env()) { try? await hand.takeLateProbesAway("cutover-probe ", doors) }
        try await effect.begin(by: hand)
        let outage = try await run(hand) { $0.setting(key, to: earlier) }
        try memory.forget()
        return outage.facts
    }
}

extension ServerSwitch.Outage {
    var facts: [String: String] {
        ["outageSeconds": String(format: "%.3f", seconds), "quiesceSeconds": String(format: "%.3f", quiesceSeconds), "looked": String(looked), "rows": String(rows), "pid": String(pid)]
    }
}
