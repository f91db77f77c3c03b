import Foundation

/// One case from its empty folder to the proof that nothing of it is left running.
struct CaseRun {
    let one: Case
    let places: Places
    let seed: UInt64
    let all: Bool
    let keep: Bool

    /// Nil when it passed.
    func trouble() async -> String? {
        let stage: Stage
        do { stage = try Stage(one.name, places: places, seed: seed, all: all) } catch { return "\(error)" }
        var why: String?
        do { try await one.run(stage) } catch { why = "\(error)" }
        if let why, keep { return "\(why)\n     kept; take it down with: cutover-lab down --wipe --root \(stage.root)" }
        let left = await Teardown.fell(stage)
        if why == nil, !left.isEmpty { why = "left running: \(left.joined(separator: "; "))" }
        if let why { return "\(why)\n     logs in \(stage.logs)" }
        try? FileManager.default.removeItem(atPath: stage.folder)
        return nil
    }
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
