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
    @Flag(help: "Leave the lab of a failed case standing, to look into it.")
    var keep = false
    @Flag(help: "Only tell the names of the cases.")
    var list = false

    func validate() throws {
        let known = Set(CaseBook.everything.map(\.name))
        if let stranger = only.first(where: { !known.contains($0) }) {
            throw ValidationError("there is no case \(stranger); there are \(CaseBook.everything.map(\.name).joined(separator: ", "))")
        }
    }

    func run() async throws {
        let chosen = CaseBook.chosen(only: only, all: all)
        if list { return chosen.forEach { print($0.name) } }
        let seed = seed ?? UInt64.random(in: 1...999_999)
        print("seed \(seed)\(all ? ", everything" : ", sampled")")
        Teardown.onSignals()
        let places = try Places.find()
        var failed = 0
        for one in chosen {
            let began = Date()
            let why = await CaseRun(one: one, places: places, seed: seed, all: all, keep: keep).trouble()
            let seconds = String(format: "%.1f s", Date().timeIntervalSince(began))
            if let why {
                failed += 1
                print("FAIL \(one.name): \(why)  (\(seconds))")
            } else {
                print("ok  \(one.name)  \(seconds)")
            }
            fflush(nil)
        }
        print("\(chosen.count - failed) passed, \(failed) failed")
        if failed > 0 { throw ExitCode(1) }
    }
}
