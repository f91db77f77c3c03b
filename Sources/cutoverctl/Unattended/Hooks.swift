import Cutover
import Foundation
import PlanFiles
import Telling

extension HookSettings {
    /// The hook, with the secret that its settings only name. What is wrong with a secret is told without it.
    func hook(_ variables: [String: String]) throws(CommandFailure) -> Hook {
        switch way {
        case .command(let argv): return Hook(name: name, kinds: kinds, door: CommandDoor(argv: argv))
        case .webhook(let secret):
            let (text, place) = Self.read(secret, variables)
            guard let text, !text.isEmpty else { throw wrong("\(place) holds none") }
            guard text.hasPrefix("https://") || text.hasPrefix("http://"), !text.contains(where: \.isWhitespace) else { throw wrong("what \(place) holds is no http address") }
            return Hook(name: name, kinds: kinds, door: WebhookDoor(url: text))
        }
    }

    private func wrong(_ why: String) -> CommandFailure {
        CommandFailure("hook \(name) has no address", why: why, next: "set it where cutoverctl run runs, or take the hook out of cutover.yaml")
    }

    private static func read(_ secret: Secret, _ variables: [String: String]) -> (String?, String) {
        switch secret {
        case .variable(let name): return (variables[name]?.trimmingCharacters(in: .whitespacesAndNewlines), "the variable \(name)")
        case .file(let path):
            let text = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines) }
            return (text, "the file \(path)")
        }
    }
}

/// Telling while a loop runs.
struct Hooks: Sendable {
    private let teller: Teller
    private let task: Task<Void, Never>

    /// How long the hooks may take for what is left when the loop is over.
    private static let lastSeconds = 10

    /// Nil where nobody is to be told, or another process of this machine does it.
    init?(_ settings: [HookSettings], _ site: Wiring.Site, journal: String, _ note: @escaping @Sendable (String) -> Void) async throws {
        if settings.isEmpty { return nil }
        let variables = ProcessInfo.processInfo.environment
        var hooks: [Hook] = []
        for one in settings { hooks.append(try one.hook(variables)) }
        let path = ToldFile.path(ofJournal: journal)
        guard let record = ToldFile(path: path, journal: try await site.journal.identity()) else {
            note("another process tells the hooks, or \(path) can't be written: this one tells nobody")
            return nil
        }
        let teller = Teller(engine: site.engine, hooks: hooks, record: record, random: Wiring.random, note: note)
        let beginning = try await teller.beginning()
        self.teller = teller
        self.task = Task { await teller.run(from: beginning) }
    }

    func wake() { teller.wake() }

    /// Tells what is left, as far as that goes quickly. The rest is told by the next process.
    func end() async {
        teller.end()
        let task = task
        let clock = Task {
            try await Wiring.time.sleep(milliseconds: Self.lastSeconds * 1000)
            task.cancel()
        }
        await task.value
        clock.cancel()
    }
}
