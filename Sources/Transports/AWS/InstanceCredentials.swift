import Foundation
import HTTP

/// Keys of the role of the instance that this runs on, by the second version of its service alone: the first one hands them to anybody who
/// can make a program here fetch an address.
struct InstanceCredentials: Sendable {
    private static let milliseconds = 1000
    private let base: String
    private let isOff: Bool

    init(environment: [String: String]) {
        isOff = environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() == "true"
        let six = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"]?.lowercased() == "ipv6"
        var base = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"].flatMap { $0.isEmpty ? nil : $0 } ?? (six ? "http://[fd00:ec2::254]" : "http://169.254.169.254")
        while base.hasSuffix("/") { base.removeLast() }
        self.base = base
    }

    /// Nil where this is no instance, or one without a role.
    func fetch() async throws(AWSCredentialFailure) -> AWSCredentials? {
        guard !isOff else { return nil }
        guard let token = await ask("PUT", "/latest/api/token", ["X-aws-ec2-metadata-token-ttl-seconds": "21600"]), token.status == 200,
            !token.body.isEmpty, !token.body.contains(where: { $0 == 10 || $0 == 13 })
        else { return nil }
        let headers = ["X-aws-ec2-metadata-token": token.text]
        let path = "/latest/meta-data/iam/security-credentials/"
        guard let roles = await ask("GET", path, headers), roles.status == 200,
            let role = roles.text.split(whereSeparator: \.isNewline).first.map(String.init), !role.isEmpty, !role.contains(where: { "/?# ".contains($0) })
        else { return nil }
        guard let keys = await ask("GET", path + role, headers), keys.status == 200 else { throw AWSCredentialFailure("the instance has the role \(role) and hands out no keys of it") }
        return try MetadataKeys.read(keys.body, whose: "the instance, of its role \(role),")
    }

    private func ask(_ method: String, _ path: String, _ headers: [String: String]) async -> HTTPResponse? {
        try? await HTTPClient().send(HTTPRequest(method, base + path, headers: headers, timeoutMilliseconds: Self.milliseconds, answerLimit: 1 << 16))
    }
}
