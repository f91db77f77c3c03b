import Foundation
import Synchronization

/// What a case works with: a fresh folder, a lab in it, and the programs.
struct Stage: Sendable {
    let name: String
    let places: Places
    let folder: String
    let chance: Chance
    let depth: Depth
    /// Another plan than the lab's own.
    var plan: String?
    /// Another journal than the file in the lab's folder.
    var team: String?
    private let counter = Counter()

    init(_ name: String, places: Places, depth: Depth) throws {
        self.name = name
        self.places = places
        self.depth = depth
        self.chance = Chance(seed: depth.seed, name: name)
        self.folder = "/tmp/cutover-e2e-\(getpid())-\(name)"
        self.root = "\(folder)/lab"
        // PostgreSQL's own account has to get in.
        try FileManager.default.createDirectory(atPath: logs, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        Teardown.remember(self)
    }

    var all: Bool { depth.all }
    var logs: String { "\(folder)/logs" }
    /// The folders of all labs a case may raise.
    var labs: [String] { ["\(folder)/lab", "\(folder)/lab-2"] }
    /// The lab the questions and commands are about.
    private(set) var root: String
    /// The same programs at the second lab.
    var beside: Stage {
        var other = self
        other.root = labs[1]
        return other
    }
    var journal: String { "\(root)/cutover.db" }
    var fleet: String { "\(root)/fleet.yaml" }
    func host(_ tenant: String) -> String { "\(root)/tenants/\(tenant)/host" }
    func env(_ tenant: String) -> String { "\(root)/tenants/\(tenant)/env" }

    /// The variables under which `cutoverctl` runs unless told otherwise.
    var variables: [String: String] {
        let own = ["CUTOVER_PLAN": plan ?? places.plan, "CUTOVER_FLEET": fleet, "CUTOVER_JOURNAL": team ?? journal, "CUTOVER_OPERATOR": "release-manager", "NO_COLOR": "1", "HOME": folder, "CUTOVER_SSH_CONFIG": "\(root)/ssh/config"]
        return own.merging(ssm) { own, _ in own }
    }

    /// How the lab's SSM endpoint is reached; empty where it has none.
    var ssm: [String: String] {
        let text = (try? String(contentsOfFile: "\(root)/ssm/env", encoding: .utf8)) ?? ""
        let pairs = text.split(separator: "\n").map { $0.dropFirst("export ".count).split(separator: "=", maxSplits: 1).map(String.init) }
        return Dictionary(uniqueKeysWithValues: pairs.filter { $0.count == 2 }.map { ($0[0], $0[1]) })
    }

    func start(_ program: String, _ words: [String], _ changes: [String: String?] = [:]) async throws -> RunningProgram {
        var environment = variables
        // Where PostgreSQL lies is the machine's affair.
        environment["CUTOVER_PG"] = ProcessInfo.processInfo.environment["CUTOVER_PG"]
        for (key, value) in changes { environment[key] = value }
        let number = String(format: "%03d", counter.next())
        let word = words.first { !$0.hasPrefix("-") }?.replacingOccurrences(of: "/", with: "_") ?? ""
        return try await RunningProgram.start(
            places.program(program), words, environment: environment, folder: folder, log: "\(logs)/\(number)-\(program)-\(word)")
    }

    /// Runs `cutoverctl`. A nil in `changes` takes a variable away.
    @discardableResult
    func ctl(_ words: String..., changing changes: [String: String?] = [:]) async throws -> RunningProgram.Ended {
        try await start("cutoverctl", words, changes).ended()
    }

    /// Runs it and insists on the exit code.
    @discardableResult
    func ctl(_ words: String..., code: Int, changing changes: [String: String?] = [:]) async throws -> RunningProgram.Ended {
        let ended = try await start("cutoverctl", words, changes).ended()
        try expect(ended.code == code, "`\(ended.words)` ended with \(ended.code), not \(code): \(ended.said)")
        return ended
    }

    @discardableResult
    func lab(_ words: String..., code: Int? = 0) async throws -> RunningProgram.Ended {
        let ended = try await start("cutover-lab", words).ended()
        if let code { try expect(ended.code == code, "`\(ended.words)` ended with \(ended.code), not \(code): \(ended.said)") }
        return ended
    }

    /// Raises the lab of this case.
    func raise(tenants: Int = 1, rows: Int = 200, agents: Bool = true, seed: UInt64 = 1, separatePluginDatabase: Bool = false, transport: String = "local", topology: String = "sidecar") async throws {
        let words = ["up", "--root", root, "--tenants", String(tenants), "--rows", String(rows), "--seed", String(seed)] + (agents ? [] : ["--no-agents"])
            + (separatePluginDatabase ? ["--separate-plugin-database"] : []) + ["--transport", transport, "--topology", topology]
        let ended = try await start("cutover-lab", words).ended()
        try expect(ended.code == 0, "the lab did not come up: \(ended.said)")
    }

    func database(_ tenant: String = "acme") throws -> Database { try Database(url: try EnvText(env(tenant)).require("DATABASE_URL")) }

    /// Writes a text into the case's folder; answers its path.
    func file(_ name: String, _ text: String) throws -> String {
        let path = "\(folder)/\(name)"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}

/// Counts a stage's programs, so that their logs lie in order.
final class Counter: Sendable {
    private let count = Atomic(0)
    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}

/// A tenant's env file.
struct EnvText {
    let path: String
    private(set) var text: String

    init(_ path: String) throws {
        self.path = path
        self.text = try String(contentsOfFile: path, encoding: .utf8)
    }

    func require(_ key: String) throws -> String {
        guard let line = text.split(separator: "\n").last(where: { $0.hasPrefix("\(key)=") }) else { throw Trouble("\(path) has no \(key)") }
        return String(line.dropFirst(key.count + 1))
    }

    /// Changes a variable in the file, or takes it out.
    func set(_ key: String, to value: String?) throws {
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("\(key)=") } + (value.map { ["\(key)=\($0)"] } ?? [])
        try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: false, encoding: .utf8)
    }
}
