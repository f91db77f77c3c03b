import DataPath
import Foundation

/// All runs of one call, and the last line.
struct Campaign: Sendable {
    let options: Options

    /// True when every lawful run was clean and every naive variant asked for was seen failing.
    func run() async throws -> Bool {
        let cluster = try Cluster.start(version: options.postgres)
        say("PostgreSQL \(options.postgres)")
        var passed = 0
        var failed = 0
        if options.variant == nil || options.variant == .lawful {
            for seed in options.from..<(options.from + options.seeds) {
                let clean = try await lawful(seed, cluster)
                passed += clean ? 1 : 0
                failed += clean ? 0 : 1
            }
        }
        let naive = options.allVariants ? LookVariant.allCases : [options.variant].compactMap { $0 }
        for variant in naive where variant != .lawful {
            let seen = try await redOnce(variant, cluster)
            passed += seen ? 1 : 0
            failed += seen ? 0 : 1
        }
        say("\(passed) passed, \(failed) failed")
        return failed == 0
    }

    private func lawful(_ seed: Int, _ cluster: Cluster) async throws -> Bool {
        let writers = options.writers ?? (seed.isMultiple(of: 2) ? 3 : 1)
        let result = try await Run(cluster: cluster, seed: seed, seconds: options.seconds, variant: .lawful, writers: writers).carryOut()
        say(result.line(clean: result.violations.isEmpty ? "clean" : "VIOLATED"))
        result.violations.prefix(10).forEach { say("    \($0)") }
        return result.violations.isEmpty
    }

    /// Seed after seed until the checker sees the loss. A variant that stays clean means that the checker is blind.
    private func redOnce(_ variant: LookVariant, _ cluster: Cluster) async throws -> Bool {
        for seed in options.from..<(options.from + 8) {
            let run = Run(cluster: cluster, seed: seed, seconds: min(options.seconds, 5), variant: variant, writers: 1)
            let result = try await run.carryOut()
            say(result.line(clean: result.violations.isEmpty ? "not seen yet" : "seen failing"))
            if let worst = result.violations.max(by: { $0.contains("without concurrency") && !$1.contains("without concurrency") }) {
                say("    \(worst)")
                return true
            }
        }
        return false
    }
}

/// A line on standard output at once, also into a pipe.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}
