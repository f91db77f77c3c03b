public import Cutover
import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// Reaches tenants whose host is this machine: each operation is a process of its own, run by the tenant's own copy of the program.
public struct LocalTransport: Transport {
    private static let outputLimit = 16 << 20
    /// Nothing of the caller's environment, and so none of its secrets, reaches the operation.
    private static let environment: Environment = .custom([
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8",
    ])
    /// A program that ends before it has read its input must not take the controller with it.
    private static let survivesBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()
    private let program: ProgramFile

    /// - Parameter program: the file that is put on hosts, normally the running program's own.
    public init(program: String) { self.program = ProgramFile(path: program) }

    public func run(_ action: RemoteAction, on host: TenantHost) async throws(TransportError) -> ActionResult {
        let hand = host.handPath
        guard FileManager.default.isExecutableFile(atPath: hand) else {
            throw TransportError(host: host.host, outcome: .neverSent, detail: "no program stands there yet: after host.prepare")
        }
        let work = Task { try await Self.spawn(hand, ["host", action.operationClass.rawValue], input: action.input) }
        let clock = Task {
            try await Task.sleep(for: .seconds(action.timeoutSeconds))
            work.cancel()
        }
        defer { clock.cancel() }
        let result = await withTaskCancellationHandler { await work.result } onCancel: { work.cancel() }
        switch result {
        case .success(let answer): return answer
        case .failure(let error):
            let detail = work.isCancelled ? "no answer within \(action.timeoutSeconds) s" : "\(error)"
            throw TransportError(host: host.host, outcome: .sentOutcomeUnknown, detail: detail)
        }
    }

    public func probeHand(on host: TenantHost) async throws(TransportError) -> HandReport {
        let script = #"test -x "$1" || exit 3; sha256sum < "$1""#
        let answer = try await ask(host, "/bin/sh", ["-c", script, "sh", host.handPath])
        if answer.exitCode == 3 { return .absent }
        guard answer.exitCode == 0, let digest = answer.output.split(separator: " ").first else {
            throw TransportError(host: host.host, outcome: .neverSent, detail: "the probe ended with \(answer.exitCode): \(answer.errors)")
        }
        let mine: String
        do { mine = try await program.digest() } catch {
            throw TransportError(host: host.host, outcome: .neverSent, detail: "this program cannot be read: \(error)")
        }
        return .present(digest: String(digest), isThisBuild: digest == mine)
    }

    public func placeHand(on host: TenantHost) async throws(TransportError) -> HandReport {
        do {
            let digest = try await program.digest()
            let folder = host.handFolder
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let target = "\(folder)/cutoverctl-\(digest)"
            // What lies there already may have been damaged, or be a link to a file that was written over since.
            if try !FileManager.default.fileExists(atPath: target) || ProgramFile.digest(of: target) != digest { try place(target, digest) }
            let link = "\(host.handPath).\(UUID().uuidString.prefix(8)).new"
            guard symlink("cutoverctl-\(digest)", link) == 0, rename(link, host.handPath) == 0 else {
                throw TransportError(host: host.host, outcome: .neverSent, detail: "\(link): \(String(cString: strerror(errno)))")
            }
            return .present(digest: digest, isThisBuild: true)
        } catch let error as TransportError { throw error } catch {
            throw TransportError(host: host.host, outcome: .neverSent, detail: "\(error)")
        }
    }

    public func removeHand(from host: TenantHost) async throws(TransportError) {
        let answer = try await ask(host, "/bin/sh", ["-c", #"rm -rf -- "$1""#, "sh", host.handFolder])
        guard answer.exitCode == 0 else {
            throw TransportError(host: host.host, outcome: .sentOutcomeUnknown, detail: "rm ended with \(answer.exitCode): \(answer.errors)")
        }
    }

    /// A copy, switched in by rename: a link would change with the program's own file when that is written over.
    private func place(_ target: String, _ digest: String) throws {
        let temporary = "\(target).\(getpid()).\(UUID().uuidString.prefix(8)).new"
        defer { unlink(temporary) }
        try FileManager.default.copyItem(atPath: program.path, toPath: temporary)
        guard try ProgramFile.digest(of: temporary) == digest else {
            throw TransportError(host: "localhost", outcome: .neverSent, detail: "\(program.path) was replaced while this program ran: start it again")
        }
        guard rename(temporary, target) == 0 else {
            throw TransportError(host: "localhost", outcome: .neverSent, detail: "\(target): \(String(cString: strerror(errno)))")
        }
    }

    private func ask(_ host: TenantHost, _ path: String, _ arguments: [String]) async throws(TransportError) -> ActionResult {
        do { return try await Self.spawn(path, arguments, input: []) } catch {
            throw TransportError(host: host.host, outcome: .neverSent, detail: "\(error)")
        }
    }

    private static func spawn(_ path: String, _ arguments: [String], input: [UInt8]) async throws -> ActionResult {
        survivesBrokenPipes
        var options = PlatformOptions()
        // A Ctrl-C meant for the caller must not reach an operation under way: it would be cut off in the middle.
        options.processGroupID = 0
        let result = try await Subprocess.run(
            .path(FilePath(path)), arguments: Arguments(arguments), environment: environment, platformOptions: options, input: .inputWriter,
            output: .string(limit: outputLimit), error: .string(limit: outputLimit)
        ) { execution in
            // A program that ends before it has read everything tells why by its answer. The failure must not leave this
            // closure: swift-subprocess 1.0.2 traps when writing its own input fails ("FileDescriptor was not closed").
            _ = try? await execution.standardInputWriter.write(input)
            try? await execution.standardInputWriter.finish()
        }
        let code: Int
        switch result.terminationStatus {
        case .exited(let status): code = Int(status)
        case .signaled(let signal):
            // Killed by us: it answered nothing, which is no answer of its own.
            try Task.checkCancellation()
            code = 128 + Int(signal)
        }
        return ActionResult(exitCode: code, output: result.standardOutput, errors: result.standardError)
    }
}
