import Foundation

/// The folder that the processes of one tenant's rollout share: which crash points they reached, and at which they are to die.
struct CrashGround: Sendable {
    let folder: String

    init(_ folder: String) throws {
        self.folder = folder
        // Not all of them run as the same user.
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o777])
    }

    /// From here on processes die at these points, each once; what was reached and who died is forgotten.
    func arm(_ points: [String]) throws {
        for name in ["trace", "died", "count"] { try? FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
        try points.map { "\($0)\n" }.joined().write(toFile: "\(folder)/at", atomically: true, encoding: .utf8)
    }

    /// Every point that was reached, in the order of the first time.
    var reached: [String] {
        var seen: Set<String> = []
        return lines("trace").filter { seen.insert($0).inserted }
    }
    var died: [String] { lines("died") }

    private func lines(_ name: String) -> [String] {
        String(decoding: FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data(), as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
