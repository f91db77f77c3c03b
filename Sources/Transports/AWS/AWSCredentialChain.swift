public import Foundation

/// The first source of AWS's keys that there is, asked again well before what it gave runs out.
///
/// Whoever needs keys while they are fetched waits for the same answer.
public actor AWSCredentialChain: AWSCredentialSource {
    /// Before keys run out they are fetched anew; of short-lived ones, half their time before.
    private static let early: TimeInterval = 15 * 60
    /// A fetch that fails is no harm as long as those in hand are good for that much longer.
    private static let spare: TimeInterval = 60

    private let environment: [String: String]
    private let now: @Sendable () -> Date
    private var held: AWSCredentials?
    private var freshUntil = Date.distantPast
    private var fetching: Task<Result<AWSCredentials, AWSCredentialFailure>, Never>?

    /// - Parameter now: the clock by which keys run out.
    public init(environment: [String: String], now: @escaping @Sendable () -> Date = { Date() }) {
        self.environment = environment
        self.now = now
    }

    public func credentials() async throws(AWSCredentialFailure) -> AWSCredentials {
        if let held, now() < freshUntil { return held }
        let task = fetching ?? begin()
        switch await task.value {
        case .success(let keys): return keys
        case .failure(let failure):
            if let held, let expires = held.expires, now() < expires - Self.spare { return held }
            throw failure
        }
    }

    public func discard(_ refused: AWSCredentials) async { if held == refused { (held, freshUntil) = (nil, .distantPast) } }

    // MARK: - Non public

    private func begin() -> Task<Result<AWSCredentials, AWSCredentialFailure>, Never> {
        let environment = environment
        // On its own: whoever gives up waiting takes nothing from the others.
        let task = Task { () -> Result<AWSCredentials, AWSCredentialFailure> in
            let result = await Self.fetch(environment)
            self.take(result)
            return result
        }
        fetching = task
        return task
    }

    private func take(_ result: Result<AWSCredentials, AWSCredentialFailure>) {
        fetching = nil
        guard case .success(let keys) = result else { return }
        held = keys
        guard let expires = keys.expires else {
            freshUntil = .distantFuture
            return
        }
        freshUntil = expires - min(Self.early, expires.timeIntervalSince(now()) / 2)
    }

    private static func fetch(_ environment: [String: String]) async -> Result<AWSCredentials, AWSCredentialFailure> {
        do {
            guard let keys = try await AWSSources(environment: environment).first()() else {
                return .failure(
                    AWSCredentialFailure("no keys for AWS are to be had: neither variables, nor a profile, nor a container's or an instance's role have any; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"))
            }
            return .success(keys)
        } catch { return .failure(error) }
    }
}
