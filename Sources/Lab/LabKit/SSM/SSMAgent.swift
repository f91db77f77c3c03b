import Foundation
import Synchronization

/// What AWS-RunShellScript was asked to do.
struct SSMScript: Sendable {
    let command: String
    let lines: [String]
    let workingDirectory: String
    let executionSeconds: Int
}

/// What the agent of a host does with a command.
///
/// Not played: a reboot (exit code 194), success and failure that end a document early (168, 169), documents of several steps, the purge
/// of what the agent keeps.
struct SSMAgent: Sendable {
    let instance: String
    let region: String
    /// The agent's own, under which every command leaves its script and its output.
    let folder: String

    struct Report: Sendable {
        var status: String
        var details: String
        var code: Int
        var output = ""
        var errors = ""
    }

    /// The agent's own bounds; outside of them it takes an hour, without a word.
    static func seconds(_ asked: Int) -> Int { (5...172_800).contains(asked) ? asked : 3_600 }

    func begin(_ script: SSMScript) throws -> ShellRun {
        let place = place(script.command)
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let (text, file) = ("\(place)/\(UUID().uuidString)", "\(place)/_script.sh")
        try (script.lines.joined(separator: "\n") + "\n").write(toFile: text, atomically: true, encoding: .utf8)
        let folder = script.workingDirectory.isEmpty ? "/usr/bin" : script.workingDirectory
        // What is run is written by another process: a descriptor of ours, open for writing in a child just being born, would keep it from being run.
        let words = ["/bin/sh", "-c", #"cp "$1" "$1.new" && rm "$1" && chmod 700 "$1.new" && mv -f "$1.new" "$0" && exec /bin/sh -c '"$0"' "$0""#, file, text]
        return ShellRun(words, in: folder, environment: environment(script.command), within: Double(Self.seconds(script.executionSeconds)))
    }

    func report(_ result: ShellRun.Result, of script: SSMScript) -> Report {
        let place = place(script.command)
        try? Data(result.output).write(to: URL(fileURLWithPath: "\(place)/stdout"))
        try? Data(result.errors).write(to: URL(fileURLWithPath: "\(place)/stderr"))
        var report: Report
        var said = ""
        switch result.end {
        case .exited(0): report = Report(status: "Success", details: "Success", code: 0)
        // The agent knows no other reason for this code than its own signal.
        case .exited(137), .stopped(.late), .stopped(.restarted): report = Report(status: "TimedOut", details: "ExecutionTimedOut", code: 137)
        case .stopped(.cancelled): report = Report(status: "Cancelled", details: "Cancelled", code: 137)
        case .exited(let code):
            report = Report(status: "Failed", details: "Failed", code: code)
            said = "failed to run commands: exit status \(code)"
        case .signalled(let signal):
            report = Report(status: "Failed", details: "Failed", code: -1)
            said = "failed to run commands: signal: \(signal)"
        case .neverBegan(let why):
            report = Report(status: "Failed", details: "Failed", code: 1)
            said = "failed to run commands: \(why)"
        }
        report.output = SSMOutput.cut(result.output, to: SSMOutput.outputLimit)
        report.errors = SSMOutput.cut(result.errors + Array(said.utf8), to: SSMOutput.errorsLimit)
        return report
    }

    // MARK: - Non public

    private func place(_ command: String) -> String { "\(folder)/\(instance)/document/orchestration/\(command)/awsrunShellScript/0.awsrunShellScript" }

    /// A service's, not a person's: there is no HOME.
    private func environment(_ command: String) -> [String: String] {
        [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8", "AWS_SSM_INSTANCE_ID": instance,
            "AWS_SSM_REGION_NAME": region, "SSM_COMMAND_ID": command,
        ]
    }
}
