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
        return Self.commandLine(of: pid) == words ? pid : nil
    }

    /// Whatever command the pid file's process has, if it runs.
    public func anyRunning() throws(HostFault) -> (pid: Int32, command: String)? {
        guard let pid = try recordedPid(), Self.isAlive(pid) else { return nil }
        return (pid, Self.commandLine(of: pid).joined(separator: " "))
    }

    /// Starts it in a session of its own, so that it outlives whoever started it. Its output goes to `log`.
    public func start(environment: [String: String], log: String) async throws(HostFault) {
        let script = #"echo $$ > "$1.new" && mv "$1.new" "$1" || exit 1; log="$2"; shift 2; exec "$@" >>"$log" 2>&1 </dev/null"#
        let arguments = ["-f", "/bin/sh", "-c", script, "sh", pidFile, log] + words
        var variables: [Environment.Key: String] = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        for (key, value) in environment { variables[Environment.Key(stringLiteral: key)] = value }
        do {
            let result = try await run(
                .path("/usr/bin/setsid"), arguments: Arguments(arguments), environment: .custom(variables), output: .discarded,
                error: .string(limit: 1 << 16))
            guard result.terminationStatus.isSuccess else {
                throw HostFault.said("\(words.first ?? "the command") did not start: \(result.standardError)")
            }
        } catch let fault as HostFault { throw fault } catch { throw HostFault.said("\(error)") }
        for _ in 0..<250 {
            if try running() != nil { return }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
        }
        throw HostFault.said("\(words.first ?? "the command") ended at once: see its log \(log)")
    }

    /// SIGTERM, then SIGKILL after `seconds`. Harmless when nothing runs. True when it had to be killed.
    @discardableResult
    public func stop(within seconds: Double) async throws(HostFault) -> Bool {
        guard let (pid, _) = try anyRunning() else { return false }
        kill(pid, SIGTERM)
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
        guard let stat = (try? DurableFile.read("/proc/\(pid)/stat")).flatMap({ $0 }), let end = stat.lastIndex(of: ")") else { return false }
        let state = stat[stat.index(after: end)...].split(separator: " ").first
        return state != "Z" && state != "X"
    }

    private static func commandLine(of pid: Int32) -> [String] {
        let text = (try? DurableFile.read("/proc/\(pid)/cmdline")).flatMap { $0 } ?? ""
        return text.split(separator: "\0").map(String.init)
    }
}
