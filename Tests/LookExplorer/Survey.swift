import Foundation

/// All explorations of one call: the lawful ones must hold, each naive one must be seen failing.
struct Survey {
    let all: Bool
    let only: [String]
    let atMost: Int

    func run() -> Bool {
        let chosen = Setups.lawful.filter { only.isEmpty ? all || $0.sampled : only.contains($0.name) }
        let naive = Setups.naive.filter { only.isEmpty || only.contains($0.name) || only.contains($0.variant.rawValue) }
        var passed = 0
        var failed = 0
        for setup in chosen {
            let found = Exploration(setup: setup, atMost: atMost).run()
            tell(setup, found, found.wrong == nil ? found.whole ? "holds" : "holds as far as it went" : "VIOLATED: \(found.wrong ?? "")")
            if found.wrong != nil { found.path.forEach { say("    \($0)") } }
            if found.wrong == nil { passed += 1 } else { failed += 1 }
        }
        for setup in naive {
            let found = Exploration(setup: setup, atMost: atMost).run()
            tell(setup, found, found.wrong.map { "seen failing after \(found.path.count) moves: \($0)" } ?? "NOT SEEN FAILING")
            if !only.isEmpty { found.path.forEach { say("    \($0)") } }
            if found.wrong != nil { passed += 1 } else { failed += 1 }
        }
        say("\(passed) passed, \(failed) failed")
        return failed == 0 && passed > 0
    }

    private func tell(_ setup: Setup, _ found: Exploration.Found, _ outcome: String) {
        say("\(setup.name): \(found.states) states, \(found.moves) moves, \(found.settled) settled: \(outcome)")
    }

    private func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
}
