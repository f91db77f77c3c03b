public import Cutover
import Foundation
import Host

/// "Not now, until T, because…": the word of whoever runs a tenant's host. While it stands no step begins there; what is under way ends, and
/// ways back are open.
public struct HostVeto: Sendable, Codable, Equatable {
    public let until: Timestamp
    public let reason: String

    /// The same for every plan that serves the tenant.
    static func path(_ state: String) -> String { "\(StateFolder.tenant(of: state))/not-now.json" }

    /// Puts the word on this host; nil takes it back.
    public static func set(_ veto: HostVeto?, state: String) throws {
        guard let veto else { return try DurableFile.remove(path(state)) }
        try FileManager.default.createDirectory(atPath: StateFolder.tenant(of: state), withIntermediateDirectories: true)
        try DurableFile.write(try CanonicalJSON.text(veto), to: path(state))
    }

    public init(until: Timestamp, reason: String) {
        self.until = until
        self.reason = reason
    }

    /// Nobody can object through a program that does not stand there yet; and another build, which may be broken or not know the question,
    /// does not keep itself from being replaced.
    static let gate = Gate("the host does not say \"not now\"", asks: [ReadVeto()]) { sight in
        do throws(StepFailure) {
            let word = try await sight.ask(ReadVeto())
            return word.objection.map { .shut($0) } ?? .open(Evidence())
        } catch {
            switch try? await sight.hand() {
            case .absent: return .open(Evidence(["program": "not there yet"]))
            case .present(let digest, isThisBuild: false) where sight.ref.step == "host.prepare": return .open(Evidence(["program": "\(digest) can't be asked"]))
            default: return .unknown(error.what)
            }
        }
    }
}

/// The host's word of this moment, by its own clock.
struct ReadVeto: ReadsOnHost {
    static let kind: OperationKind = "host.veto"
    struct Result: Sendable, Codable { let objection: String? }

    func read(_ host: HostSight) async throws -> Result {
        let path = HostVeto.path(host.statePath)
        guard let text = try DurableFile.read(path) else { return Result(objection: nil) }
        guard let veto = try? CanonicalJSON.value(HostVeto.self, from: text) else { return Result(objection: "not now: \(path) can't be read") }
        return Result(objection: veto.until > HostClock.now.at ? "not now, until \(veto.until), because \(veto.reason)" : nil)
    }
}
