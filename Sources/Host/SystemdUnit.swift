import CrashPoints
import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// A service that this host's systemd starts at every boot, and again when it ends otherwise than by itself.
public struct SystemdUnit: Sendable {
    private static let folder = "/etc/systemd/system"
    private static let control = "/usr/bin/systemctl"

    public let name: String
    private let text: String
    private var file: String { "\(Self.folder)/\(name)" }

    /// Nil where no systemd runs, or where we have no say in it.
    ///
    /// - Parameters:
    ///   - name: without `.service`; letters, digits, `_`, `-` and `.`, anything else becomes `_`.
    ///   - command: the program, which stays in the foreground, and its arguments, separated by spaces.
    ///   - needs: a path whose file systems have to be mounted first.
    public init?(name: String, describedAs description: String, command: String, environment: [String: String], log: String, needs: String) {
        // What systemd itself says is the sign of it: sd_booted(3).
        guard geteuid() == 0, Self.isThere("/run/systemd/system"), Self.isThere(Self.control) else { return nil }
        self.name = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || "_-.".contains($0)) ? $0 : "_" }) + ".service"
        let variables = environment.sorted { $0.key < $1.key }.map { "Environment=\"\($0.key)=\(Self.spelled($0.value))\"\n" }.joined()
        text = """
            [Unit]
            Description=\(Self.spelled(description))
            After=network.target
            RequiresMountsFor=\(Self.spelled(needs))
            StartLimitIntervalSec=0

            [Service]
            Type=exec
            ExecStart=\(Self.spelled(command).replacing("$", with: "$$"))
            \(variables)Restart=on-failure
            RestartSec=200ms
            # What it starts is not its own: the plugin lives on when the watch ends.
            KillMode=process
            TimeoutStopSec=10
            UMask=0077
            StandardOutput=append:\(Self.spelled(log))
            StandardError=append:\(Self.spelled(log))

            [Install]
            WantedBy=multi-user.target

            """
    }

    /// Whether it is as it should be, and will be started at the next boot.
    public func isEnabled() throws(HostFault) -> Bool { try DurableFile.read(file) == text && Self.isThere("\(Self.folder)/multi-user.target.wants/\(name)") }

    /// Harmless when it is there.
    public func enable() async throws(HostFault) {
        if try isEnabled() { return }
        try DurableFile.write(text, to: file, mode: 0o644)
        try await tell("daemon-reload")
        try await tell("enable", name)
    }

    public func start() async throws(HostFault) { try await tell("start", name) }

    /// Stops it, and leaves nothing of it. Harmless when it is not there.
    public func remove() async throws(HostFault) {
        guard try DurableFile.read(file) != nil else { return }
        try await tell("disable", "--now", name)
        try DurableFile.remove(file)
        try await tell("daemon-reload")
    }

    // MARK: - Non public

    private func tell(_ words: String...) async throws(HostFault) {
        let said: String
        CrashPoint.reached("systemctl \(words[0]) begun")
        defer { CrashPoint.reached("systemctl \(words[0]) done") }
        do {
            let ended = try await run(
                .path(FilePath(Self.control)), arguments: Arguments(["--no-ask-password", "--quiet"] + words), output: .discarded, error: .string(limit: 1 << 16))
            if ended.terminationStatus.isSuccess { return }
            said = ended.standardError
        } catch { throw HostFault.said("\(Self.control): \(error)") }
        throw HostFault.said("systemctl \(words.joined(separator: " ")): \(said)")
    }

    private static func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// A percent sign begins a specifier.
    private static func spelled(_ text: String) -> String { text.replacing("%", with: "%%") }
}
