import DataPath
import Foundation
import Postgres

/// A writer as a process of its own, so that it can be killed at any moment.
enum WriterProcess {
    static func main(_ arguments: [String]) async -> Never {
        guard arguments.count == 3, let variant = LookVariant(rawValue: arguments[1]) else { exit(64) }
        while true {
            do {
                let connection = try await PostgresConnection.connect(arguments[0], applicationName: "cutover-writer")
                let writer = Writer(
                    connection, settings: DataPathSettings(), fence: 0, variant: variant, takesLock: arguments[2] == "lock")
                try await writer.start()
                while true {
                    if try await writer.step().idle { try await Task.sleep(for: .milliseconds(3)) }
                }
            } catch {
                // The server may be on its way back; whoever started us ends us.
                if (error as? PostgresError)?.meansServerLost != true { FileHandle.standardError.write(Data("writer: \(error)\n".utf8)) }
                try? await Task.sleep(for: .milliseconds(50))
            }
            // Its parent gone, nobody would kill it any more.
            if getppid() == 1 { exit(0) }
        }
    }
}

/// The writers of a run, killed and started again.
actor Writers {
    private let arguments: [String]
    private var running: [pid_t] = []
    private(set) var kills = 0
    /// The copy has ended once: every row was looked at.
    private(set) var hasCopied = false

    init(url: String, variant: LookVariant, locked: Bool) {
        arguments = ["writer", url, variant.rawValue, locked ? "lock" : "free"]
    }

    func start(_ count: Int) throws {
        for _ in 0..<count { running.append(try spawn()) }
    }

    /// SIGKILL: its backend may live on for a moment, with a transaction open.
    func killOne(_ choice: Int) throws {
        let index = choice % running.count
        end(running[index])
        kills += 1
        running[index] = try spawn()
    }

    func copied() {
        hasCopied = true
    }

    func stop() {
        running.forEach(end)
        running = []
    }

    private func end(_ child: pid_t) {
        kill(child, SIGKILL)
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
    }

    private func spawn() throws -> pid_t {
        var child = pid_t()
        let me = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
        let program = FileManager.default.fileExists(atPath: me) ? me : CommandLine.arguments[0]
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { (word: String) in strdup(word) } + [nil]
        defer { words.forEach { free($0) } }
        guard posix_spawn(&child, program, nil, nil, &words, environ) == 0 else {
            throw ClusterFailure(what: "cannot start a writer")
        }
        return child
    }
}
