import Cutover
import Foundation
import Host

/// Work that takes longer than one host operation may: ordered, asked after and ended by operations, carried out by a process of its own.
protocol LongWork: Sendable, Codable {
    associatedtype Result: Sendable, Codable
    static var name: String { get }
    /// In that process. Must accept being begun again over half-done work.
    func carryOut(_ host: HostHand, _ progress: WorkProgress) async throws -> Result
    /// Whether what an earlier order of the same came to is still there, so that it need not be done again.
    func stands(_ result: Result, on host: HostHand) async throws -> Bool
}

extension LongWork {
    func stands(_ result: Result, on host: HostHand) async throws -> Bool { false }
}

/// Orders the work, or takes up the same order that is under way or was carried out.
struct BeginWork<Work: LongWork>: ActsOnHost {
    static var kind: OperationKind { OperationKind(Work.name) }
    static var once: Once { .convergent }
    struct Result: Sendable, Codable { let takenUp: Bool }
    let work: Work

    func act(_ host: HostHand) async throws -> Result {
        let process = DetachedWork(Work.name, host.sight)
        let payload = try CanonicalJSON.text(work)
        let earlier = try process.state()
        if earlier.payload == payload {
            if earlier.runs { return Result(takenUp: true) }
            if let text = earlier.answer?.result, try await work.stands(try CanonicalJSON.value(Work.Result.self, from: text), on: host) { return Result(takenUp: true) }
        }
        // A hold keeps a step from beginning: whoever begins has been let go.
        try WatchOrders.change(host.sight) { $0.held = nil }
        try await process.begin(payload, by: host)
        return Result(takenUp: false)
    }
}

/// How far the work is, or how it ended.
struct AskWork<Work: LongWork>: ReadsOnHost {
    static var kind: OperationKind { OperationKind("\(Work.name).state") }
    struct Result: Sendable, Codable {
        let runs: Bool
        let report: WorkReport?
        let result: Work.Result?
        let failure: StepFailure?
    }

    func read(_ host: HostSight) async throws -> Result {
        let state = try DetachedWork(Work.name, host).state()
        return Result(
            runs: state.runs, report: state.told.flatMap { try? CanonicalJSON.value(WorkReport.self, from: $0) },
            result: try state.answer?.result.map { try CanonicalJSON.value(Work.Result.self, from: $0) }, failure: state.answer?.failure)
    }
}

extension HostOperationBook {
    mutating func add<Work: LongWork>(work: Work.Type) {
        add(BeginWork<Work>.self)
        add(AskWork<Work>.self)
        add(work: Work.name) { payload, host in
            let progress = WorkProgress(host.sight, Work.name)
            do {
                return try CanonicalJSON.text(try await CanonicalJSON.value(work, from: payload).carryOut(host, progress))
            } catch let failure as StepFailure { throw failure } catch {
                throw StepFailure("\(Work.name): \(Redaction.of(host.sight).clean("\(error)"))", effect: .partlyChanged, next: "cutoverctl why \(host.sight.tenant)")
            }
        }
    }
}

extension Site {
    /// Orders the work and watches it to its end; whoever comes back after leaving takes it up where it is.
    func seeThrough<Work: LongWork>(_ work: Work) async throws(StepFailure) -> Work.Result {
        _ = try await carryOut(BeginWork(work: work))
        let began = sight.time.now
        var news = ProgressNews()
        var deaths = 0
        while true {
            let told = try await ask(AskWork<Work>())
            if let result = told.result { return result }
            if let failure = told.failure { throw failure }
            if !told.runs {
                deaths += 1
                guard deaths <= Self.deathsAllowed else {
                    throw StepFailure(
                        "\(Work.name) died \(deaths) times without a word", effect: .partlyChanged, next: "see work/\(Work.name)/log in the host's state folder")
                }
                _ = try await carryOut(BeginWork(work: work))
            }
            if let report = told.report {
                try tell(StepProgress(report.line, share: report.share))
                let elapsed = Int((sight.time.now.milliseconds - began.milliseconds) / 1000)
                if news.isWorthNoting(done: report.done, of: report.of, bound: nil, elapsedSeconds: elapsed) { try await checkpoint(Evidence(report.facts)) }
            }
            do { try await sight.time.sleep(milliseconds: 500) } catch {
                throw StepFailure("stopped while \(Work.name) runs on", effect: .goesOn, next: "cutoverctl advance \(sight.ref.tenant)")
            }
        }
    }

    /// One may be chance, such as a host that was short of memory for a moment.
    private static var deathsAllowed: Int { 3 }
}
