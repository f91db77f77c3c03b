import CrashPoints
import Cutover
import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// Long-lived processes of a host, known by a pid file and their command.
public struct ProcessRuntime: Sendable {
    public let pidFile: String
    /// The program and its arguments, separated by spaces.
    public let command: String

    public init(command: String, pidFile: String) {
        self.command = command
        self.pidFile = pidFile
    }

    private var words: [String] { command.split(separator: " ").map(String.init) }

    /// The process id, if the process of the pid file runs and is this command.
    public func running() throws(HostFault) -> Int32? {
        guard let pid = try recordedPid(), Self.isAlive(pid) else { return nil }
        return isThisCommand(Self.commandLine(of: pid)) ? pid : nil
    }

    /// Something was started under this pid file, whether or not it still runs.
    public func wasStarted() throws(HostFault) -> Bool { try recordedPid() != nil }

    /// Whatever command the pid file's process has, if it runs: another version of the program, but not a stranger
    /// to whom the number passed after the file was written.
    public func anyRunning() throws(HostFault) -> (pid: Int32, what: String)? {
        guard let pid = try recordedPid(), Self.isAlive(pid) else { return nil }
        let line = Self.commandLine(of: pid)
        guard isThisCommand(line) || !isYoungerThanPidFile(pid) else { return nil }
        return (pid, line.joined(separator: " "))
    }

    /// A script runs as an argument of its interpreter, which may have one more; the shell that is about to become this command has five.
    private func isThisCommand(_ line: [String]) -> Bool { (0...2).contains(line.count - words.count) && line.suffix(words.count) == words[...] }

    /// Told by the wall clock, which can be set: only asked about a process whose command is not this one.
    private func isYoungerThanPidFile(_ pid: Int32) -> Bool {
        var file = stat()
        guard stat(pidFile, &file) == 0, let startedTicks = Self.statFields(of: pid)?.dropFirst(19).first.flatMap({ Double($0) }) else { return false }
        let now = HostClock.now
        let age = now.uptime - startedTicks / Double(sysconf(Int32(_SC_CLK_TCK)))
        return Double(now.at.milliseconds) / 1000 - age > Double(file.st_mtim.tv_sec) + 2
    }

    /// Starts it in a session of its own, so that it outlives whoever started it. Its output goes to `log`.
    public func start(environment: [String: String], log: String) async throws(HostFault) {
        let script = #"echo $$ > "$1.new" && mv "$1.new" "$1" || exit 1; log="$2"; shift 2; exec "$@" >>"$log" 2>&1 </dev/null"#
        let arguments = ["-f", "/bin/sh", "-c", script, "sh", pidFile, log] + words
        var variables: [Environment.Key: String] = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        for (key, value) in environment.merging(CrashPoint.variables, uniquingKeysWith: { $1 }) { variables[Environment.Key(stringLiteral: key)] = value }
        // What an earlier process left must not be taken for the end of this one.
        try DurableFile.remove(pidFile)
        CrashPoint.reached("start of", file: pidFile)
        defer { CrashPoint.reached("started", file: pidFile) }
        do {
            let result = try await run(
                .path("/usr/bin/setsid"), arguments: Arguments(arguments), environment: .custom(variables), output: .discarded,
                error: .string(limit: 1 << 16))
            guard result.terminationStatus.isSuccess else {
                throw HostFault.said("\(words.first ?? "the command") did not start: \(result.standardError)")
            }
        } catch let fault as HostFault { throw fault } catch { throw HostFault.said("\(error)") }
        // A machine under load takes its time; one that ended is known at once.
        for _ in 0..<1500 {
            if try running() != nil { return }
            if let pid = try recordedPid(), !Self.isAlive(pid) { break }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
        }
        throw HostFault.said("\(words.first ?? "the command") ended at once: see its log \(log)")
    }

    /// SIGTERM, then SIGKILL after `seconds`. Harmless when nothing runs. True when it had to be killed.
    @discardableResult
    public func stop(within seconds: Double) async throws(HostFault) -> Bool {
        guard let (pid, _) = try anyRunning() else { return false }
        CrashPoint.reached("stop of", file: pidFile)
        kill(pid, SIGTERM)
        defer { CrashPoint.reached("stopped", file: pidFile) }
        if await Self.ended(pid, within: seconds) { return false }
        kill(pid, SIGKILL)
        guard await Self.ended(pid, within: 5) else { throw HostFault.said("process \(pid) does not end, not even by SIGKILL") }
        return true
    }

    private static func ended(_ pid: Int32, within seconds: Double) async -> Bool {
        let deadline = Date().addingTimeInterval(seconds)
        while isAlive(pid) {
            if Date() > deadline { return false }
            guard (try? await Task.sleep(for: .milliseconds(10))) != nil else { return false }
        }
        return true
    }

    private func recordedPid() throws(HostFault) -> Int32? {
        try DurableFile.read(pidFile).flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    /// A zombie has ended: it only waits to be collected.
    static func isAlive(_ pid: Int32) -> Bool {
        guard let state = statFields(of: pid)?.first else { return false }
        return state != "Z" && state != "X"
    }

    /// The fields of /proc/<pid>/stat from the state on; the command before them may hold anything.
    private static func statFields(of pid: Int32) -> [Substring]? {
        guard let stat = (try? DurableFile.read("/proc/\(pid)/stat")).flatMap({ $0 }), let end = stat.lastIndex(of: ")") else { return nil }
        return stat[stat.index(after: end)...].split(separator: " ")
    }

    /// Of one that runs. In the moment in which a process becomes another program it has none.
    private static func commandLine(of pid: Int32) -> [String] {
        for _ in 0..<100 {
            if let text = (try? DurableFile.read("/proc/\(pid)/cmdline")).flatMap({ $0 }), !text.isEmpty { return text.split(separator: "\0").map(String.init) }
            guard isAlive(pid) else { break }
            usleep(500)
        }
        return []
    }
}
