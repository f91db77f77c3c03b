public import Cutover
import Foundation

/// Reaches tenants through the OpenSSH client.
///
/// What is sent and what is not is never a guess: the host says when it is ready and waits to be told to go, so what was not told to go was
/// never sent; and it says how the operation ended, so a connection that breaks afterwards takes nothing away.
public struct SSHTransport: Transport {
    /// Beyond the operation's own time: the host ends it there first, and tells.
    private static let graceSeconds = 15
    /// Placing and looking.
    private static let placingSeconds = 600

    private let supply: HandSupply
    private let client: SSHClient

    /// - Parameters:
    ///   - program: the file that is put on hosts.
    ///   - bundles: what is put there in its place: a bundle, or a folder of them.
    public init(program: String, bundles: String? = nil, settings: SSHSettings) {
        supply = HandSupply(program: program, bundles: bundles)
        client = SSHClient(settings)
    }

    public func run(_ action: RemoteAction, on host: TenantHost) async throws(TransportError) -> ActionResult {
        let script = RemoteScript.operation(host.handPath, action.operationClass.rawValue, within: action.timeoutSeconds, emptying: RemoteLoop.emptying)
        let began = ContinuousClock.now
        action.reached("begun")
        defer { action.reached("over") }
        let answer = try await ask(script, host, input: action.input, within: action.timeoutSeconds + client.settings.connectSeconds + Self.graceSeconds)
        if answer.isAbsent { throw TransportError(host: host.host, outcome: .neverSent, detail: "no program stands there yet: after host.prepare") }
        guard let code = answer.code else { throw failure(host, answer) }
        // Killed there: by the clock, or by whoever else. What it did is not known in either case, but only ours is no answer.
        if code == 137, ContinuousClock.now - began >= .seconds(action.timeoutSeconds) {
            throw TransportError(host: host.host, outcome: .sentOutcomeUnknown, detail: "no answer within \(action.timeoutSeconds) s")
        }
        return ActionResult(exitCode: code, output: answer.output, errors: answer.errors)
    }

    public func probeHand(on host: TenantHost) async throws(TransportError) -> HandReport {
        try await supply.report(try await sighting(host), host)
    }

    public func handSuccessors(on host: TenantHost) async throws(TransportError) -> Set<String> { try await supply.successors(of: try await sighting(host), host) }

    public func placeHand(on host: TenantHost) async throws(TransportError) -> HandReport {
        let seen = try await sighting(host)
        let (piece, digest) = try await supply.choose(seen, host)
        // What stands there whole needs not be sent again.
        if seen.digest == digest { return .present(digest: digest, isThisBuild: true) }
        let input: [UInt8]
        do { input = [UInt8](try Data(contentsOf: URL(fileURLWithPath: piece.file.path), options: .alwaysMapped)) } catch {
            throw TransportError(host: host.host, outcome: .neverSent, detail: "\(piece.file.path) cannot be read: \(error)")
        }
        let answer = try await ask(.place(host.handFolder, digest, piece.form), host, input: input, within: Self.placingSeconds)
        guard answer.code == 0 else { throw unsent(host, answer) }
        return .present(digest: digest, isThisBuild: true)
    }

    public func removeHand(from host: TenantHost) async throws(TransportError) {
        let answer = try await ask(.remove(host.handFolder), host, within: Self.placingSeconds)
        guard let code = answer.code else { throw failure(host, answer) }
        guard code == 0 else {
            throw TransportError(host: host.host, outcome: .sentOutcomeUnknown, detail: "rm ended with \(code): \(answer.errors)")
        }
    }

    // MARK: - Non public

    private func ask(_ script: RemoteScript, _ host: TenantHost, input: [UInt8] = [], within seconds: Int) async throws(TransportError) -> SSHAnswer {
        do { return try await client.run(script, on: host.host, input: input, within: seconds) } catch {
            throw TransportError(host: host.host, outcome: .neverSent, detail: error.detail)
        }
    }

    private func sighting(_ host: TenantHost) async throws(TransportError) -> HandSighting {
        let answer = try await ask(.probe(host.handFolder), host, within: Self.placingSeconds)
        guard let code = answer.code else { throw unsent(host, answer) }
        return try HandSighting(code, answer.output, answer.errors, host)
    }

    private func failure(_ host: TenantHost, _ answer: SSHAnswer) -> TransportError {
        TransportError(host: host.host, outcome: answer.wasReady ? .sentOutcomeUnknown : .neverSent, detail: answer.trouble)
    }

    /// Looking and placing can be done again without harm, so their failure leaves nothing unknown.
    private func unsent(_ host: TenantHost, _ answer: SSHAnswer) -> TransportError {
        let what = answer.code.map { "the host's shell ended with \($0): \(answer.errors)" } ?? answer.trouble
        return TransportError(host: host.host, outcome: .neverSent, detail: what)
    }
}
