/// Asks a host that is no tenant, outside of any journal: an inventory is taken before there is one.
public struct HostQuestion: Sendable {
    private let link: HostLink

    public init(_ host: TenantHost, by transport: any Transport, timeoutSeconds: Int = 60) {
        let ref = StepRef(tenant: host.id, phase: "-", step: "inventory")
        link = HostLink(transport: transport, host: host, journal: "none", fence: 0, ref: ref, timeoutSeconds: timeoutSeconds, others: { _ in nil })
    }

    /// Puts this build's program there first, if another one or none stands there.
    public func ask<R: Reading>(_ operation: R) async throws(StepFailure) -> R.Result {
        do throws(StepFailure) {
            try await placeHand()
            return try await link.deliver(operation, as: .reading, once: nil, id: link.readingID(for: link.ref))
        } catch {
            // Nobody can be asked why: what a tenant's host would be told does not fit here.
            throw StepFailure(error.what, effect: .nothingChanged, next: "see that \(link.host.host) can be reached and its env file is right, then type the same again")
        }
    }

    private func placeHand() async throws(StepFailure) {
        do {
            if case .present(_, true) = try await link.transport.probeHand(on: link.host) { return }
            _ = try await link.transport.placeHand(on: link.host)
        } catch { throw link.failure(from: error, changedBefore: false) }
    }
}
