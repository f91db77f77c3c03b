import Foundation
import ProgramsTestKit

/// A folder in which a command is run, and killed at its crash points.
struct Ground {
    let folder: String
    private var points: String { "\(folder).points" }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "crash-\(UUID())").path
        for path in [folder, points] { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    }

    func clear() { for path in [folder, points] { try? FileManager.default.removeItem(atPath: path) } }

    /// Runs `cutoverctl` in the folder.
    /// - Parameters:
    ///   - point: where it is to die.
    ///   - input: what it reads.
    func run(_ words: [String], dyingAt point: String? = nil, input: String = "") async throws -> EndedProgram {
        try input.write(toFile: "\(points)/input", atomically: true, encoding: .utf8)
        try (point.map { "\($0)\n" } ?? "").write(toFile: "\(points)/at", atomically: true, encoding: .utf8)
        let program = URL(fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")).deletingLastPathComponent().path + "/cutoverctl"
        let environment = [
            "PATH": "/usr/bin:/bin", "HOME": folder, "NO_COLOR": "1", "CUTOVER_CRASH_POINTS": points, "CUTOVER_PLAN": "\(folder)/plan.yaml", "CUTOVER_FLEET": "\(folder)/fleet.yaml",
            "CUTOVER_JOURNAL": "\(folder)/cutover.db", "CUTOVER_OPERATOR": "lead-1",
        ]
        return try await EndedProgram.run(
            ["/bin/sh", "-c", #"cd "$1" && input=$2 && shift 2 && exec "$@" < "$input""#, "sh", folder, "\(points)/input", program] + words, environment: environment)
    }

    /// The points that were reached, in order.
    var trace: [String] { lines("trace") }
    var died: [String] { lines("died") }

    private func lines(_ name: String) -> [String] {
        String(decoding: FileManager.default.contents(atPath: "\(points)/\(name)") ?? Data(), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// The files and folders here, those of SQLite beside its database left out.
    var names: [String] {
        let all = FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []
        return all.filter { !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") }.sorted()
    }

    func text(_ name: String) -> String { String(decoding: FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data(), as: UTF8.self) }

    /// What the journal says: each different event once, for what was said twice counts once.
    func said() async throws -> Set<String> {
        let export = try await run(["journal", "export"])
        return Set(
            export.said.split(separator: "\n").compactMap { line in
                guard let record = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], let kind = record["kind"] as? String else { return nil }
                let facts = (record["facts"] as? [String: String] ?? [:]).filter { $0.key != "text" }
                return "\(record["stream"] ?? "") \(record["by"] ?? "") \(kind) \(record["step"] ?? "") \(facts.sorted { $0.key < $1.key })"
            })
    }
}
