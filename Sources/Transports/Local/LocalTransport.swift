import CrashPoints
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
    private static let environment: Environment = .custom(
        ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"]
            .merging(CrashPoint.variables.map { (Environment.Key(stringLiteral: $0.key), $0.value) }) { $1 })
    /// A program that ends before it has read its input must not take the controller with it.
    private static let survivesBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()
    private let supply: HandSupply

    /// - Parameters:
    ///   - program: the file that is put on hosts, normally the running program's own.
    ///   - bundles: what is put there in its place: a bundle, or a folder of them.
    public init(program: String, bundles: String? = nil) { supply = HandSupply(program: program, bundles: bundles) }

    public func run(_ action: RemoteAction, on host: TenantHost) async throws(TransportError) -> ActionResult {
        let hand = host.handPath
        guard FileManager.default.isExecutableFile(atPath: hand) else {
            throw TransportError(host: host.host, outcome: .neverSent, detail: "no program stands there yet: after host.prepare")
        }
        action.reached("begun")
        defer { action.reached("over") }
        let work = Task { try await Self.spawn(hand, ["host", action.operationClass.rawValue], input: action.input) { action.reached("under way") } }
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
        try await supply.report(try await sighting(host), host)
    }

    public func handSuccessors(on host: TenantHost) async throws(TransportError) -> Set<String> { try await supply.successors(of: try await sighting(host), host) }

    public func placeHand(on host: TenantHost) async throws(TransportError) -> HandReport {
        let seen = try await sighting(host)
        let (piece, digest) = try await supply.choose(seen, host)
        // A copy: a link would change with the program's own file when that is written over.
        let script = HandScript.place(taking: #"cat -- "$4""#)
        CrashPoint.reached("program's placing begun")
        let answer = try await ask(host, "/bin/sh", ["-c", script, "sh", host.handFolder, digest, piece.form.rawValue, piece.file.path])
        CrashPoint.reached("program's placing over")
        guard answer.exitCode == 0 else { throw TransportError(host: host.host, outcome: .neverSent, detail: answer.errors) }
        return .present(digest: digest, isThisBuild: true)
    }

    public func removeHand(from host: TenantHost) async throws(TransportError) {
        CrashPoint.reached("program's removal begun")
        let answer = try await ask(host, "/bin/sh", ["-c", HandScript.remove, "sh", host.handFolder])
        CrashPoint.reached("program's removal over")
        guard answer.exitCode == 0 else {
            throw TransportError(host: host.host, outcome: .sentOutcomeUnknown, detail: "rm ended with \(answer.exitCode): \(answer.errors)")
        }
    }

    // MARK: - Non public

    private func sighting(_ host: TenantHost) async throws(TransportError) -> HandSighting {
        let answer = try await ask(host, "/bin/sh", ["-c", HandScript.probe, "sh", host.handFolder])
        return try HandSighting(answer.exitCode, answer.output, answer.errors, host)
    }

    private func ask(_ host: TenantHost, _ path: String, _ arguments: [String]) async throws(TransportError) -> ActionResult {
        do { return try await Self.spawn(path, arguments, input: []) } catch {
            throw TransportError(host: host.host, outcome: .neverSent, detail: "\(error)")
        }
    }

    /// A program that was just put in place can't be begun while a process that another thread is beginning has its file open still.
    private static func spawn(_ path: String, _ arguments: [String], input: [UInt8], onItsWay: @escaping @Sendable () -> Void = {}) async throws -> ActionResult {
        for _ in 0..<100 {
            do { return try await spawnOnce(path, arguments, input: input, onItsWay: onItsWay) } catch let error as SubprocessError {
                guard error.underlyingError?.rawValue == ETXTBSY else { throw error }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        return try await spawnOnce(path, arguments, input: input, onItsWay: onItsWay)
    }

    private static func spawnOnce(_ path: String, _ arguments: [String], input: [UInt8], onItsWay: @escaping @Sendable () -> Void) async throws -> ActionResult {
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
            onItsWay()
        }
        // Given up on, its output is what had been read until then, whichever way the program ended.
        try Task.checkCancellation()
        let code: Int
        switch result.terminationStatus {
        case .exited(let status): code = Int(status)
        case .signaled(let signal): code = 128 + Int(signal)
        }
        return ActionResult(exitCode: code, output: result.standardOutput, errors: result.standardError)
    }
}
