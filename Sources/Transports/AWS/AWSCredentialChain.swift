/// The first source of AWS's keys that there is.
public struct AWSCredentialChain: AWSCredentialSource {
    private let environment: [String: String]

    public init(environment: [String: String]) { self.environment = environment }

    public func credentials() async throws(AWSCredentialFailure) -> AWSCredentials {
        guard let named = EnvironmentCredentials.named(environment) else {
            throw AWSCredentialFailure("no keys for AWS are to be had: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        }
        return try await named.credentials()
    }

    public func discard(_ refused: AWSCredentials) async {}
}
