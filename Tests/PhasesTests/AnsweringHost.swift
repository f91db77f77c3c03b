import Cutover

/// A host that answers these questions, by their kinds, and refuses every other.
struct AnsweringHost: Transport {
    let answers: @Sendable () -> [String: String]

    init(_ answers: @escaping @Sendable () -> [String: String]) { self.answers = answers }

    func run(_ action: RemoteAction, on host: TenantHost) async throws(TransportError) -> ActionResult {
        guard let request = try? CanonicalJSON.value(HostRequest.self, from: String(decoding: action.input, as: UTF8.self)), let text = answers()[request.kind.text] else {
            return ActionResult(exitCode: 64, output: (try? HostAnswer(id: action.id, status: .refused).line()) ?? "", errors: "")
        }
        return ActionResult(exitCode: 0, output: (try? HostAnswer(id: request.id, status: .done, result: text).line()) ?? "", errors: "")
    }

    func probeHand(on host: TenantHost) async throws(TransportError) -> HandReport { .present(digest: "this", isThisBuild: true) }
    func placeHand(on host: TenantHost) async throws(TransportError) -> HandReport { .present(digest: "this", isThisBuild: true) }
    func removeHand(from host: TenantHost) async throws(TransportError) {}
}
