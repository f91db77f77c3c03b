public import Foundation

/// A pair of keys, and until when it is good.
public struct AWSCredentials: Sendable, Equatable {
    public let accessKeyID: String
    let secretAccessKey: String
    let sessionToken: String?
    /// Nil for keys that do not run out.
    public let expires: Date?

    public init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expires: Date? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expires = expires
    }
}

/// Why there are no keys: what is wrong, and what to do about it. Never holds a secret.
public struct AWSCredentialFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Where keys come from. An implementation gives keys that are good for at least some minutes.
public protocol AWSCredentialSource: Sendable {
    func credentials() async throws(AWSCredentialFailure) -> AWSCredentials
    /// Those were refused: they are not given again if there are others to be had.
    func discard(_ refused: AWSCredentials) async
}
