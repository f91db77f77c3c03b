public import Cutover
public import Host
import Phases
import Simulation
import Synchronization

/// A tenant of whom only what is in place is known: enough to try everything around it, and quick.
public final class PlainTenant: TenantModel {
    private struct State {
        var there: Set<String> = []
        var half: Set<String> = []
        var order: BeginSamples?
        /// What its samples say, until when.
        var red: (until: Timestamp, verdict: EvidenceClock.Verdict)?
    }

    private let state = Mutex(State())
    private let clock: @Sendable () -> HostClock

    init(clock: @escaping @Sendable () -> HostClock) { self.clock = clock }

    public static let model = Setting.Model(name: "plain", catalog: MemoryCatalog.catalog.simulated(), hasHand: true) { _, _, _, clock in PlainTenant(clock: clock) }

    // MARK: - What is asked of it

    // In the form in which `StepCatalog.simulated` asks.
    private struct Look: Reading {
        static let kind: OperationKind = "simulated.look"
        struct Result: Sendable, Codable {
            let there: Bool
            let half: Bool
            let shut: String?
        }
        let place: String
    }

    private struct Veto: Reading {
        static let kind: OperationKind = "simulated.veto"
        struct Result: Sendable, Codable { let objection: String? }
    }

    private struct Act: Writing {
        static let kind: OperationKind = "simulated.act"
        static let once = Once.convergent
        struct Result: Sendable, Codable {}
        let place: String
        let part: String
    }

    private struct BeginSamples: Writing {
        static let kind: OperationKind = "simulated.beginSamples"
        static let once = Once.convergent
        struct Result: Sendable, Codable {}
        let place: String
        let began: OperationID
        let everySeconds: Int
        let longestGapSeconds: Int
    }

    private struct Samples: Reading {
        static let kind: OperationKind = "simulated.samples"
        struct Result: Sendable, Codable {
            let runs: Bool
            let coveredSeconds: Double
            let samples: Int
            let gaps: Int
            let resets: Int
            let pauses: Int
            let isRed: Bool
            let stretches: [Stretch]
        }
        let place: String
        let began: OperationID
    }

    public func book(cut: @escaping @Sendable (String) throws -> Void) -> HostOperationBook {
        var book = HostOperationBook()
        book.add(LeaveBehind.self)
        book.add(Veto.self, reading: { _, _ in Veto.Result(objection: nil) })
        book.add(Look.self, reading: { [self] look, _ in
            state.withLock { Look.Result(there: $0.there.contains(look.place), half: $0.half.contains(look.place), shut: nil) }
        })
        book.add(Act.self, acting: { [self] act, _ in
            try cut("\(act.place) begins")
            _ = state.withLock { $0.half.insert(act.place) }
            try cut("\(act.place) is half done")
            state.withLock { state in
                switch act.part {
                case "whole": state.there.insert(act.place)
                case "back": state.there.remove(act.place)
                default: return
                }
                state.half.remove(act.place)
            }
            try cut("\(act.place) is done")
            return Act.Result()
        })
        book.add(BeginSamples.self, acting: { [self] order, _ in
            try cut("the order for samples")
            state.withLock { $0.order = order }
            return BeginSamples.Result()
        })
        book.add(Samples.self, reading: { [self] asked, host in try samples(asked, host) })
        return book
    }

    private func samples(_ asked: Samples, _ host: HostSight) throws -> Samples.Result {
        let order = state.withLock { $0.order }
        let samples = try host.evidence.entries().filter { $0.kind == "sample" && $0.facts["for"] == asked.began.text }.map { entry in
            EvidenceClock.Sample(
                at: entry.at, uptime: entry.uptime, boot: entry.boot, database: entry.facts["database"].flatMap { Timestamp($0) },
                verdict: entry.facts["verdict"].flatMap { EvidenceClock.Verdict(rawValue: $0) } ?? .safety, detail: "", hash: entry.hash)
        }
        let clock = EvidenceClock(samples, longestGapSeconds: Double(order?.longestGapSeconds ?? 0))
        return Samples.Result(
            runs: order?.began == asked.began, coveredSeconds: clock.coveredSeconds, samples: clock.samples, gaps: clock.gaps, resets: clock.resets,
            pauses: clock.pauses, isRed: samples.last.map { $0.verdict != .green } ?? false, stretches: clock.stretches)
    }

    // MARK: - What goes on there

    public func agentsWork(from: Timestamp, to: Timestamp) {}

    public func watch(to: Timestamp, evidence: EvidenceLedger) async {
        let (order, red) = state.withLock { ($0.order, $0.red) }
        guard let order else { return }
        let verdict = red.map { $0.until > to ? $0.verdict : .green } ?? .green
        _ = try? await evidence.append("sample", ["for": order.began.text, "verdict": verdict.rawValue, "database": clock().database.description])
    }

    public func befall(_ mishap: TenantMishap) {
        let until = clock().wall.adding(seconds: max(1, mishap.amount) * 60)
        switch mishap.kind {
        case .pluginLies: state.withLock { $0.red = (until, .safety) }
        case .pluginStalled, .plugin5xx: state.withLock { $0.red = (until, .availability) }
        case .pluginUp: state.withLock { $0.red = nil }
        default: return
        }
    }

    public var truth: TenantTruth { TenantTruth() }
}
