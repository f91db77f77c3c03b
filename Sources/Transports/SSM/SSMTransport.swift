public import Cutover
import Foundation
import Synchronization

/// Reaches tenants by AWS Systems Manager: each delivery is one command for one host, run by its agent.
///
/// Systems Manager knows no token that would make a sending harmless when it is made twice, and may run one command twice. So a sending
/// whose fate is unclear is looked for by its comment, and the host keeps what was answered under the delivery's own name.
public struct SSMTransport: Transport {
    /// Placing and looking.
    private static let placingSeconds = 600
    /// A larger program is not sent in pieces of commands.
    private static let sentLimit = 4 << 20

    private let supply: HandSupply
    private let settings: SSMSettings
    private let credentials: any AWSCredentialSource
    private let links = Links()

    /// - Parameters:
    ///   - program: the file that is put on hosts.
    ///   - bundles: what is put there in its place: a bundle, or a folder of them.
    public init(program: String, bundles: String? = nil, settings: SSMSettings, credentials: any AWSCredentialSource) {
        supply = HandSupply(program: program, bundles: bundles)
        self.settings = settings
        self.credentials = credentials
    }

    public func run(_ action: RemoteAction, on host: TenantHost) async throws(TransportError) -> ActionResult {
        let script = RemoteScript.operation(host.handPath, action.operationClass.rawValue, within: action.timeoutSeconds)
        action.reached("begun")
        defer { action.reached("over") }
        let (ending, output, errors) = try await deliver(script, action.input, "\(action.id)", host, within: action.timeoutSeconds, unknown: .sentOutcomeUnknown)
        if ending.code == 3, errors.contains(RemoteScript.absent(script.mark)) {
            throw TransportError(host: host.host, outcome: .neverSent, detail: "no program stands there yet: after host.prepare")
        }
        return ActionResult(exitCode: ending.code, output: output, errors: errors)
    }

    public func probeHand(on host: TenantHost) async throws(TransportError) -> HandReport { try await supply.report(try await sighting(host), host) }

    public func handSuccessors(on host: TenantHost) async throws(TransportError) -> Set<String> { try await supply.successors(of: try await sighting(host), host) }

    public func placeHand(on host: TenantHost) async throws(TransportError) -> HandReport {
        let seen = try await sighting(host)
        let (piece, digest) = try await supply.choose(seen, host)
        // What stands there whole needs not be sent again.
        if seen.digest == digest { return .present(digest: digest, isThisBuild: true) }
        var input: [UInt8] = []
        let script: RemoteScript
        if let url = settings.programURL {
            do { script = .fetch(host.handFolder, piece.form, [(seen.machine, digest, try ProgramFetch.address(url, machine: seen.machine, digest: digest))]) } catch {
                throw TransportError(host: host.host, outcome: .neverSent, detail: "\(error)")
            }
        } else {
            input = try bytes(of: piece.file.path, host)
            script = .place(host.handFolder, digest, piece.form)
        }
        let (ending, _, errors) = try await deliver(script, input, "place", host, within: Self.placingSeconds, unknown: .neverSent)
        guard ending.code == 0 else {
            throw TransportError(host: host.host, outcome: .neverSent, detail: "the host's shell ended with \(ending.code): \(errors)")
        }
        return .present(digest: digest, isThisBuild: true)
    }

    public func removeHand(from host: TenantHost) async throws(TransportError) {
        let (ending, _, errors) = try await deliver(.remove(host.handFolder), [], "remove", host, within: Self.placingSeconds, unknown: .sentOutcomeUnknown)
        guard ending.code == 0 else {
            throw TransportError(host: host.host, outcome: .sentOutcomeUnknown, detail: "rm ended with \(ending.code): \(errors)")
        }
    }

    // MARK: - Non public

    /// One link a region, so that all who send there share budget, listings and questions.
    private final class Links: Sendable {
        private let made = Mutex<[String: SSMLink]>([:])
        func link(_ region: String, _ make: () -> SSMLink) -> SSMLink {
            made.withLock { made in
                if let link = made[region] { return link }
                let link = make()
                made[region] = link
                return link
            }
        }
    }

    private func link(_ host: TenantHost) throws(TransportError) -> SSMLink {
        if let trouble = settings.trouble { throw TransportError(host: host.host, outcome: .neverSent, detail: trouble) }
        guard Self.isInstance(host.host) else {
            throw TransportError(host: host.host, outcome: .neverSent, detail: "'\(host.host)' is no instance of Systems Manager: i- or mi- and its digits")
        }
        guard let region = host.region ?? settings.region else {
            throw TransportError(host: host.host, outcome: .neverSent, detail: "no region is named: add `region:` in the fleet file, or set AWS_REGION")
        }
        return links.link(region) { SSMLink(client: SSMClient(region: region, settings: settings, credentials: credentials), settings: settings) }
    }

    static func isInstance(_ name: String) -> Bool { name.wholeMatch(of: #/i-(\w{8}|\w{17})|mi-\w{17}/#) != nil }

    /// - Parameter unknown: what an unclear outcome is called; what can be done again without harm leaves nothing unknown.
    private func deliver(
        _ script: RemoteScript, _ input: [UInt8], _ id: String, _ host: TenantHost, within seconds: Int, unknown: TransportError.Outcome
    ) async throws(TransportError) -> (ending: SSMAnswer.Ending, output: String, errors: String) {
        let comment = "cutover:\(id.prefix(32)):\(script.mark.suffix(13))"
        let link = try link(host)
        let delivery = SSMDelivery(link: link, instance: host.host, comment: comment)
        let script = SSMScript(script, in: settings.answersFolder, input: input, done: link.read.take(on: host.host))
        switch await delivery.carry(script, within: seconds) {
        case .answered(let ending, let output, let errors):
            return (ending, String(decoding: output, as: UTF8.self), String(decoding: errors, as: UTF8.self))
        case .neverBegun(let why): throw TransportError(host: host.host, outcome: .neverSent, detail: why)
        case .unknown(let why): throw TransportError(host: host.host, outcome: unknown, detail: why)
        }
    }

    private func sighting(_ host: TenantHost) async throws(TransportError) -> HandSighting {
        let (ending, output, errors) = try await deliver(.probe(host.handFolder), [], "probe", host, within: Self.placingSeconds, unknown: .neverSent)
        return try HandSighting(ending.code, output, errors, host)
    }

    private func bytes(of path: String, _ host: TenantHost) throws(TransportError) -> [UInt8] {
        let bytes: [UInt8]
        do { bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)) } catch {
            throw TransportError(host: host.host, outcome: .neverSent, detail: "\(path) cannot be read: \(error)")
        }
        guard bytes.count <= Self.sentLimit else {
            throw TransportError(
                host: host.host, outcome: .neverSent,
                detail: "\(path) is too large for commands of Systems Manager: put it where hosts can fetch it, and set CUTOVER_PROGRAM_URL to that, as https://…/{digest}")
        }
        return bytes
    }
}
