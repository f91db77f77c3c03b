import Dispatch
import Foundation
import Synchronization

/// Takes a stage down whatever happened, and looks for processes that are left.
enum Teardown {
    private static let standing = Mutex<[String: Stage]>([:])
    /// Kept, for a source that nobody holds is deaf. Set once, before anything else runs.
    private nonisolated(unsafe) static var sources: [any DispatchSourceSignal] = []

    static func remember(_ stage: Stage) { standing.withLock { $0[stage.folder] = stage } }

    /// What was still running after the labs were down; it has been killed.
    static func fell(_ stage: Stage) async -> [String] {
        for lab in stage.labs { _ = try? await stage.start("cutover-lab", ["down", "--wipe", "--root", lab]).ended(within: 90) }
        _ = standing.withLock { $0.removeValue(forKey: stage.folder) }
        let left = Leftovers.of(stage.folder)
        for process in left { kill(process.pid, SIGKILL) }
        return left.map { "\($0.pid) \($0.command)" }
    }

    /// Ctrl-C and SIGTERM take the lab down before they end us.
    static func onSignals() {
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                let stages = standing.withLock { Array($0.values) }
                Task {
                    for stage in stages { _ = await fell(stage) }
                    exit(128 + number)
                }
            }
            source.resume()
            sources.append(source)
        }
    }
}

/// Processes that belong to a folder, by their arguments, environment or working folder.
enum Leftovers {
    struct Process {
        let pid: Int32
        let command: String
    }

    static func of(_ folder: String) -> [Process] {
        all.filter { process in
            let place = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process.pid)/cwd")) ?? ""
            return [process.command, read(process.pid, "environ"), place].contains { $0.contains("\(folder)/") || $0.hasSuffix(folder) }
        }
    }

    /// Every living process of the machine but ours.
    static var all: [Process] {
        let own = getpid()
        return ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { name in
            guard let pid = Int32(name), pid != own, isAlive(pid) else { return nil }
            return Process(pid: pid, command: read(pid, "cmdline").replacingOccurrences(of: "\0", with: " "))
        }
    }

    static func isAlive(_ pid: Int32) -> Bool {
        let stat = read(pid, "stat")
        guard let end = stat.lastIndex(of: ")") else { return false }
        return !["Z", "X"].contains(stat[stat.index(after: end)...].split(separator: " ").first ?? "X")
    }

    static func read(_ pid: Int32, _ name: String) -> String {
        String(decoding: FileManager.default.contents(atPath: "/proc/\(pid)/\(name)") ?? Data(), as: UTF8.self)
    }
}
