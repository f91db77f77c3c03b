import Foundation

/// The pair in AWS's own variables. It does not run out by itself, and no other is to be had there.
struct EnvironmentCredentials: AWSCredentialSource {
    let environment: [String: String]

    /// Nil where no key is named.
    static func named(_ environment: [String: String]) -> EnvironmentCredentials? {
        environment["AWS_ACCESS_KEY_ID"].map { $0.isEmpty } == false ? EnvironmentCredentials(environment: environment) : nil
    }

    func credentials() async throws(AWSCredentialFailure) -> AWSCredentials {
        guard let id = environment["AWS_ACCESS_KEY_ID"], let secret = environment["AWS_SECRET_ACCESS_KEY"], !secret.isEmpty else {
            throw AWSCredentialFailure("AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not")
        }
        let token = environment["AWS_SESSION_TOKEN"] ?? environment["AWS_SECURITY_TOKEN"]
        return AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token.flatMap { $0.isEmpty ? nil : $0 })
    }

    func discard(_ refused: AWSCredentials) async {}
}
