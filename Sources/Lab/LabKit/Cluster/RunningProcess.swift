import Foundation

/// A process of this machine, seen through /proc.
struct RunningProcess: Sendable {
    let pid: pid_t

    /// Nil when there is no such process, or only its zombie.
    init?(_ pid: pid_t) {
        guard pid > 0, let state = Self.state(pid), state != "Z", state != "X" else { return nil }
        self.pid = pid
    }

    init?(pidFile: String) {
        guard let text = try? String(contentsOfFile: pidFile, encoding: .utf8),
            let pid = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))
        else { return nil }
        self.init(pid)
    }

    static var all: [RunningProcess] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.compactMap(RunningProcess.init(_:))
    }

    var isAlive: Bool { RunningProcess(pid) != nil }
    var arguments: [String] { Self.strings("/proc/\(pid)/cmdline") }

    var environment: [String: String] {
        var found: [String: String] = [:]
        for line in Self.strings("/proc/\(pid)/environ") {
            guard let sign = line.firstIndex(of: "=") else { continue }
            found[String(line[..<sign])] = String(line[line.index(after: sign)...])
        }
        return found
    }

    /// The program's file name.
    var program: String {
        guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe") else {
            return arguments.first.map { URL(fileURLWithPath: $0).lastPathComponent } ?? ""
        }
        return URL(fileURLWithPath: path.replacing(" (deleted)", with: "")).lastPathComponent
    }

    var parent: pid_t {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let close = stat.lastIndex(of: ")")
        else { return 0 }
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        return fields.count > 1 ? pid_t(fields[1]) ?? 0 : 0
    }

    /// Asks it to end, and after the patience given makes it end.
    func stop(patienceSeconds: Double = 6) {
        kill(pid, SIGTERM)
        let patience = Date.now.addingTimeInterval(patienceSeconds)
        while isAlive, Date.now < patience { usleep(20_000) }
        if isAlive { kill(pid, SIGKILL) }
        let end = Date.now.addingTimeInterval(2)
        while isAlive, Date.now < end { usleep(20_000) }
    }

    // MARK: - Non public

    private static func state(_ pid: pid_t) -> Character? {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let close = stat.lastIndex(of: ")")
        else { return nil }
        return stat[stat.index(after: close)...].first { $0 != " " }
    }

    private static func strings(_ path: String) -> [String] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        return data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}
