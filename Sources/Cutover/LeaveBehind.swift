/// Nothing but its fence: once it was carried out, what an earlier operator of the tenant sent is over on that host, and what is still on its way is refused there.
public struct LeaveBehind: Writing {
    public static let kind: OperationKind = "host.leaveBehind"
    public static let once = Once.convergent
    public struct Result: Sendable, Codable, Equatable { public init() {} }
    public init() {}
}

extension Engine {
    /// Makes sure, before anybody looks where a doubt has left the tenant, that nothing of that attempt can be carried out afterwards: neither
    /// by an operator who was paused nor by a request that comes late. Answers why that is not known; nil when it is so.
    func leaveBehind(_ ref: StepRef, _ sight: Sight, _ ledger: Ledger) async -> String? {
        let (standing, fence) = (await ledger.standing, await ledger.fence)
        guard let before = standing.originFence(of: ref.step), before < fence else { return nil }
        do {
            // Through a program that is not there nobody acts; another build is the business of the step that replaces it.
            guard case .present(_, isThisBuild: true) = try await sight.hand() else { return nil }
            let id = OperationID.derived(from: "\(standing.head) under \(fence)", ordinal: 0)
            _ = try await sight.link.deliver(LeaveBehind(), as: .writing, once: LeaveBehind.once, id: id)
            return nil
        } catch { return error.what }
    }
}
