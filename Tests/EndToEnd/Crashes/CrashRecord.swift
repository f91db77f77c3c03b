import Foundation

/// Which crash points a build has and which of them it survived, kept on disk so that a long search can be taken up again.
actor CrashRecord {
    private let folder: String
    private var waiting: [String] = []
    private(set) var survived: Set<String>
    private(set) var points: [String]
    /// How often a point was wanted and nobody came by.
    private var missed: [String: Int] = [:]
    private(set) var failures: [String] = []

    /// - Parameter build: whatever is another for another build.
    init(_ folder: String, build: String) throws {
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        func lines(_ name: String) -> [String] { String(decoding: FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data(), as: UTF8.self).split(separator: "\n").map(String.init) }
        let isSame = lines("build") == [build]
        points = isSame ? lines("points") : []
        survived = isSame ? Set(lines("survived")) : []
        if !isSame { for name in ["points", "survived"] { try? FileManager.default.removeItem(atPath: "\(folder)/\(name)") } }
        try "\(build)\n".write(toFile: "\(folder)/build", atomically: true, encoding: .utf8)
    }

    func list(_ found: [String]) throws {
        let known = Set(points)
        points += found.filter { !known.contains($0) }
        try points.map { "\($0)\n" }.joined().write(toFile: "\(folder)/points", atomically: true, encoding: .utf8)
        waiting = points.filter { !survived.contains($0) }
    }

    /// Points for one run, from all over it: neighbours would die one upon the other.
    func next(_ count: Int) -> [String] {
        let stride = max(1, waiting.count / max(1, count))
        let chosen = Array(waiting.enumerated().filter { $0.offset % stride == 0 }.map(\.element).prefix(count))
        waiting.removeAll { chosen.contains($0) }
        return chosen
    }

    /// Those at which nobody died are wanted once more, if they have not been often.
    func note(_ wanted: [String], died: [String], _ tell: (String) -> Void) throws {
        for point in wanted {
            if died.contains(point) {
                survived.insert(point)
                tell("ok  \(survived.count)/\(points.count)  \(point)")
            } else {
                missed[point, default: 0] += 1
                if missed[point, default: 0] < 3 { waiting.append(point) } else { tell("--  nobody came by again: \(point)") }
            }
        }
        try survived.sorted().map { "\($0)\n" }.joined().write(toFile: "\(folder)/survived", atomically: true, encoding: .utf8)
    }

    /// What several kills in one run led to is looked for one by one.
    func fail(_ wanted: [String], _ why: String, _ tell: (String) -> Void) {
        failures.append(why)
        tell("FAIL after kills at:\n     \(wanted.joined(separator: "\n     "))\n     \(why)")
    }

    var isOver: Bool { waiting.isEmpty }
}
