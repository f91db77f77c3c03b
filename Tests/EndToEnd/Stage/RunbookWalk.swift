import Foundation
import RunbookReader

/// Types the commands of the repository's runbooks, and knows which have been.
actor RunbookWalk {
    private let commands: [Runbook.Command]
    private var typed: Set<String> = []
    private var files = 0

    init(_ stage: Stage) throws {
        let folder = "\(stage.places.repository)/runbooks"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".md") }.sorted()
        var commands: [Runbook.Command] = []
        for name in names { commands += try Runbook(file: name, text: try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)).commands }
        try expect(!commands.isEmpty, "there are no runbooks in \(folder)")
        self.commands = commands
    }

    /// Throws unless these scenes are those of the runbooks, no more and no less.
    func require(scenes: [String]) throws {
        let written = Set(commands.map(\.scene))
        let unknown = written.subtracting(scenes), unused = Set(scenes).subtracting(written)
        try expect(unknown.isEmpty, "nobody knows how to bring a lab to: \(unknown.sorted().joined(separator: "; "))")
        try expect(unused.isEmpty, "no runbook has a command for: \(unused.sorted().joined(separator: "; "))")
    }

    /// Types all commands of the scene, page by page, as its reader would.
    /// - Parameter values: what the reader's words stand for; a name that has none is a file of the scene's own.
    func play(_ scene: String, _ stage: Stage, _ values: [String: [String]], changing changes: [String: String?]) async throws {
        let own = commands.filter { $0.scene == scene }
        files += 1
        var values = values
        for name in own.flatMap({ Placeholders.names(in: $0.text) }) where values[name] == nil {
            guard Self.files.contains(name) else { throw Trouble("scene '\(scene)': nobody says what \(name) stands for") }
            values[name] = ["\(stage.folder)/\(name.lowercased())-\(files)"]
        }
        for command in own {
            for line in Placeholders.filled(command.text, values) { try await type(line, command, stage, changes) }
            typed.insert(command.description)
        }
    }

    func requireAllTyped() throws {
        let left = commands.map(\.description).filter { !typed.contains($0) }
        try expect(left.isEmpty, "these were never typed: \(left.joined(separator: "; "))")
    }

    // MARK: - Non public

    /// Names of files that a command writes, or that one before it has written.
    private static let files: Set<String> = ["FILE", "BACKUP", "ANSWERS", "KEYFILE", "EXPORT", "PAGE", "TABLE", "IDS"]

    private func type(_ line: String, _ command: Runbook.Command, _ stage: Stage, _ changes: [String: String?]) async throws {
        var environment = stage.variables.merging(["PATH": "\(stage.places.programs):/usr/bin:/bin"]) { _, new in new }
        environment["CUTOVER_PG"] = ProcessInfo.processInfo.environment["CUTOVER_PG"]
        for (key, value) in changes { environment[key] = value }
        let log = "\(stage.logs)/\(command.file)-\(command.line)-\(UUID().uuidString.prefix(4))"
        let began = Date()
        let ended = try await RunningProgram.start("/bin/bash", ["-c", line], environment: environment, folder: stage.folder, log: log).ended(within: 240)
        // How long each takes is told where somebody looks for it.
        if ProcessInfo.processInfo.environment["RUNBOOK_TRACE"] != nil {
            print(String(format: "    %3d %6.1f s  %@:%d  %@", ended.code, Date().timeIntervalSince(began), command.file, command.line, line))
            fflush(nil)
        }
        let wanted = command.codes.sorted().map(String.init).joined(separator: " or ")
        try expect(command.codes.contains(ended.code), "\(command.file):\(command.line), in the scene '\(command.scene)': `\(line)` ended with \(ended.code), not \(wanted): \(ended.said)")
    }
}
