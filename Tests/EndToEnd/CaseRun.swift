import Foundation

/// One case from its empty folder to the proof that nothing of it is left running.
struct CaseRun {
    let one: Case
    let places: Places
    let depth: Depth
    let keep: Bool

    enum Outcome {
        case passed
        case skipped(String)
        case failed(String)
    }

    func outcome() async -> Outcome {
        let stage: Stage
        do { stage = try Stage(one.name, places: places, depth: depth) } catch { return .failed("\(error)") }
        var outcome = Outcome.passed
        do { try await one.run(stage) } catch let skip as Skip { outcome = .skipped(skip.description) } catch { outcome = .failed("\(error)") }
        if case .failed(let why) = outcome, keep { return .failed("\(why)\n     kept; take it down with: cutover-lab down --wipe --root \(stage.root)") }
        let left = await Teardown.fell(stage)
        if case .failed = outcome {} else if !left.isEmpty { outcome = .failed("left running: \(left.joined(separator: "; "))") }
        if case .failed(let why) = outcome { return .failed("\(why)\n     logs in \(stage.logs)") }
        try? FileManager.default.removeItem(atPath: stage.folder)
        return outcome
    }
}

/// How much is asked of a case.
struct Depth: Sendable {
    let seed: UInt64
    /// Everything is asked for, not a sample.
    let all: Bool
    /// How often a case goes round that takes a seed a round; the first round's is `seed`, the next ones count on.
    let rounds: Int
}

/// Why a case can't be tried here.
struct Skip: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Why a case fails.
struct Trouble: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Throws with `why` unless `claim` holds.
func expect(_ claim: Bool, _ why: @autoclosure () -> String) throws {
    if !claim { throw Trouble(why()) }
}

/// Asks every `pause` milliseconds until the answer is there.
func eventually<Answer>(_ what: String, within seconds: Double, pause: Int = 100, _ ask: () async throws -> Answer?) async throws -> Answer {
    let end = Date().addingTimeInterval(seconds)
    while true {
        if let answer = try await ask() { return answer }
        guard Date() < end else { throw Trouble("not within \(Int(seconds)) s: \(what)") }
        try await Task.sleep(for: .milliseconds(pause))
    }
}
