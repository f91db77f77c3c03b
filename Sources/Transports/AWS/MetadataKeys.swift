import Foundation

/// Keys as a container's or an instance's own service hands them out.
struct MetadataKeys: Decodable {
    let code: String?
    let id: String?
    let secret: String?
    let token: String?
    let expires: String?
    enum CodingKeys: String, CodingKey { case code = "Code", id = "AccessKeyId", secret = "SecretAccessKey", token = "Token", expires = "Expiration" }

    /// - Parameter whose: for what is said when there are none.
    static func read(_ body: [UInt8], whose: String) throws(AWSCredentialFailure) -> AWSCredentials {
        guard let said = try? JSONDecoder().decode(MetadataKeys.self, from: Data(body)), let id = said.id, let secret = said.secret, let token = said.token,
            let expires = said.expires.flatMap(AWSTime.date)
        else { throw AWSCredentialFailure("\(whose) hands out no keys") }
        return AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token, expires: expires)
    }
}
