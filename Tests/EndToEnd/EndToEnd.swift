import ArgumentParser
import Foundation

/// Drives the built programs as a user would, each case on a lab of its own.
@main
struct EndToEnd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end-to-end", abstract: "Drives the built programs against labs, one case after another.",
        discussion: "Exits with 1 when a case fails. The logs of a failed case are kept, and their folder is named.")

    @Option(help: "Only the cases of this name; can be given more than once.")
    var only: [String] = []
    @Option(help: "What is left to chance follows from it; the same seed kills at the same moments.")
    var seed: UInt64?
    @Flag(help: "Everything, whole; otherwise the long parts are sampled.")
    var all = false
    @Option(help: "How many seeds, counting on from --seed, for cases that go round by seeds. (default: 20 with --all, else 1)")
    var rounds: Int?
    @Option(help: "How many cases run side by side. They wait more than they work.")
    var jobs = 1
    @Flag(help: "Leave the lab of a failed case standing, to look into it.")
    var keep = false
    @Flag(help: "Only tell the names of the cases.")
    var list = false

    func validate() throws {
        let known = Set(CaseBook.everything.map(\.name))
        if let stranger = only.first(where: { !known.contains($0) }) {
            throw ValidationError("there is no case \(stranger); there are \(CaseBook.everything.map(\.name).joined(separator: ", "))")
        }
        if jobs < 1 || (rounds ?? 1) < 1 { throw ValidationError("--jobs and --rounds begin at 1") }
    }

    func run() async throws {
        let depth = Depth(seed: seed ?? UInt64.random(in: 1...999_999), all: all, rounds: rounds ?? (all ? 20 : 1))
        let chosen = CaseBook.chosen(only: only, all: all, seed: depth.seed)
        if list { return chosen.forEach { print($0.name) } }
        tell("seed \(depth.seed)\(all ? ", everything" : ", sampled")")
        Teardown.onSignals()
        let places = try Places.find()
        var (waiting, counts) = (chosen[...], (passed: 0, skipped: 0, failed: 0))
        await withTaskGroup(of: (String, CaseRun.Outcome, Double).self) { group in
            func next() {
                guard let one = waiting.popFirst() else { return }
                group.addTask {
                    let began = Date()
                    let outcome = await CaseRun(one: one, places: places, depth: depth, keep: keep).outcome()
                    return (one.name, outcome, Date().timeIntervalSince(began))
                }
            }
            for _ in 0..<jobs { next() }
            for await (name, outcome, seconds) in group {
                let took = String(format: "%.1f s", seconds)
                switch outcome {
                case .passed:
                    counts.passed += 1
                    tell("ok  \(name)  \(took)")
                case .skipped(let why):
                    counts.skipped += 1
                    tell("--  \(name): left out, \(why)")
                case .failed(let why):
                    counts.failed += 1
                    tell("FAIL \(name): \(why)  (\(took))")
                }
                next()
            }
        }
        tell("\(counts.passed) passed, \(counts.failed) failed\(counts.skipped > 0 ? ", \(counts.skipped) left out" : "")")
        if counts.failed > 0 { throw ExitCode(1) }
    }

    /// At once, also into a pipe.
    private func tell(_ line: String) {
        print(line)
        fflush(nil)
    }
}
