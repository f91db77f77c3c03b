import ArgumentParser
import Foundation
import SimulatorKit

/// The whole product short of its C libraries, over time, disks, journals, roads, hosts and tenants that are not real, driven by one seed.
@main struct Simulator: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs whole rollouts in simulated worlds in which everything goes wrong that can, and judges every event.",
        discussion: "A seed that breaks a promise is told with the shortest story that still does, and the command that runs it again to the byte.")

    @Option(help: "How many seeds.") var seeds = 1
    @Option(help: "The first of them.") var from: UInt64?
    @Option(help: "One seed; what the other options say replaces what it draws.") var seed: UInt64?
    @Option(help: "How many tenants.") var tenants: Int?
    @Option(help: "How many operators.") var operators: Int?
    @Option(help: "How many days.") var days = 45
    @Option(help: "What befalls them: mishaps separated by commas, as a failing seed prints them, or none.") var story: String?
    @Option(help: "How often a failing world may be run to find a shorter story.") var tries = 300
    @Option(help: "A promise made up to see one broken: that this mishap never comes.") var forbid: String?
    @Option(help: "Writes every event of one seed to this file, a line each.") var history: String?
    @Flag(help: "Runs each seed twice and compares the journals.") var twice = false
    @Flag(help: "Tells of every seed.") var each = false

    func validate() throws {
        guard seeds > 0, days > 0, tenants ?? 1 > 0, operators ?? 1 > 0 else { throw ValidationError("seeds, tenants, operators and days are at least 1") }
        if let forbid, Mishap.Kind(rawValue: forbid) == nil { throw ValidationError("no mishap is called \(forbid)") }
        guard history == nil || seed != nil else { throw ValidationError("--history is of one seed: name it with --seed") }
        if let story, Story(story) == nil { throw ValidationError("this is no story: \(story)") }
    }

    func run() throws {
        Self.hashAlike()
        OneThread.takeOver()
        let first = seed ?? from ?? UInt64.random(in: 1...999_999)
        let numbers = seed == nil ? (0..<UInt64(seeds)).map { first + $0 } : [first]
        let began = ContinuousClock.now
        var (days, events, done, all, failed) = (0, 0, 0, 0, 0)
        print("seeds \(numbers[0]) to \(numbers[numbers.count - 1])")
        for number in numbers {
            let setting = setting(number)
            if seed != nil { print("  \(command(setting))") }
            // Told as it goes: a run that takes hours is watched.
            fflush(nil)
            let outcome = Runs.run(setting)
            days += setting.tenants * setting.days
            events += outcome.events
            done += outcome.done
            all += setting.tenants
            if each || seed != nil { tell(setting, outcome) }
            if let history { try outcome.history.map { $0 + "\n" }.joined().write(toFile: history, atomically: true, encoding: .utf8) }
            if twice, Runs.run(setting) != outcome {
                failed += 1
                print("seed \(number): the second run came to another journal\n  \(command(setting))")
            }
            if outcome.violations.isEmpty { continue }
            failed += 1
            explain(setting, outcome)
        }
        let seconds = max(0.001, (ContinuousClock.now - began) / .seconds(1))
        print("\(numbers.count) seeds, \(failed) failed; \(days) tenant-days, \(events) events, \(done) of \(all) tenants done; \(Int(Double(days) / seconds)) tenant-days a second")
        if failed > 0 { throw ExitCode(1) }
    }

    private func setting(_ number: UInt64) -> Setting {
        let forbidden = forbid.flatMap { Mishap.Kind(rawValue: $0) }
        var setting = Setting(seed: number, tenants: tenants, operators: operators, days: days, story: story.flatMap { Story($0) }) {
            Promises.all() + (forbidden.map { [Forbidden($0)] } ?? [])
        }
        setting.keepsHistory = history != nil
        return setting
    }

    private func tell(_ setting: Setting, _ outcome: Outcome) {
        let stands = outcome.stands.sorted { $0.key < $1.key }.map { "\($0.value) at \($0.key)" }.joined(separator: ", ")
        print("seed \(setting.seed): \(setting.tenants) tenants, \(setting.operators) operators, \(setting.story.mishaps.count) mishaps; \(outcome.events) events, journal \(outcome.digest); \(outcome.done) done\(stands.isEmpty ? "" : "; \(stands)")")
        if seed != nil { for line in outcome.unfinished { print("  \(line)") } }
    }

    private func explain(_ setting: Setting, _ outcome: Outcome) {
        print("seed \(setting.seed) breaks \(outcome.violations.count) promises:")
        for violation in outcome.violations.prefix(5) { print("  \(violation)") }
        print("  \(command(setting))")
        if tries < 1 { return }
        let shortest = Runs.shortest(setting, breaking: outcome.violations, tries: tries) { print("  shorter: \($0)") }
        let short = Runs.run(shortest)
        print("the shortest story found, journal \(short.digest):")
        for violation in short.violations.prefix(5) { print("  \(violation)") }
        print("  \(command(shortest)) --tries 0")
    }

    private func command(_ setting: Setting) -> String { "\(CommandLine.arguments[0]) \(setting.words)\(forbid.map { " --forbid \($0)" } ?? "")" }

    /// Sets and dictionaries come in the same order in every process only where the process was told so when it began.
    private static func hashAlike() {
        let name = "SWIFT_DETERMINISTIC_HASHING"
        guard ProcessInfo.processInfo.environment[name] == nil else { return }
        setenv(name, "1", 1)
        var words: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
        words.append(nil)
        execv("/proc/self/exe", &words)
    }
}
