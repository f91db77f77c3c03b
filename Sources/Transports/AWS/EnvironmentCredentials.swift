/// The pair in AWS's own variables. It does not run out by itself, and no other is to be had there.
struct EnvironmentCredentials: Sendable {
    let environment: [String: String]

    /// Nil where no key is named.
    static func named(_ environment: [String: String]) -> EnvironmentCredentials? {
        environment["AWS_ACCESS_KEY_ID"]?.isEmpty == false ? EnvironmentCredentials(environment: environment) : nil
    }

    func keys() throws(AWSCredentialFailure) -> AWSCredentials {
        guard let id = environment["AWS_ACCESS_KEY_ID"], let secret = environment["AWS_SECRET_ACCESS_KEY"], !secret.isEmpty else {
            throw AWSCredentialFailure("AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not")
        }
        let token = [environment["AWS_SESSION_TOKEN"], environment["AWS_SECURITY_TOKEN"]].compactMap { $0 }.first { !$0.isEmpty }
        return AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token)
    }
}
