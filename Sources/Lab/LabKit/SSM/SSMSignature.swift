import Crypto
public import Foundation

/// A key that the endpoint knows.
public struct LabSSMKey: Sendable, Codable {
    public let accessKeyID: String
    public let secretAccessKey: String
    /// Of temporary credentials: sent and signed with every request.
    public var sessionToken: String?
    /// From then on the token counts no more.
    public var expires: Date?

    public init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expires: Date? = nil) {
        (self.accessKeyID, self.secretAccessKey, self.sessionToken, self.expires) = (accessKeyID, secretAccessKey, sessionToken, expires)
    }

    public static func random() -> LabSSMKey {
        func letters(_ count: Int, of alphabet: String) -> String { String((0..<count).map { _ in Array(alphabet).randomElement() ?? "A" }) }
        return LabSSMKey(
            accessKeyID: "AKIA" + letters(16, of: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
            secretAccessKey: letters(40, of: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"))
    }
}

/// AWS Signature Version 4 as the service checks it: shape, date, scope, and the signature itself.
struct SSMSignature {
    let keys: [LabSSMKey]
    let region: String
    /// How far the caller's clock may be off.
    private static let leewaySeconds = 900.0

    func check(_ asked: SSMAsked, now: Date = .now) throws(SSMProblem) {
        guard let header = asked["authorization"] else {
            throw SSMProblem(code: "com.amazon.coral.service#MissingAuthenticationTokenException", message: "Missing Authentication Token")
        }
        let parts = try Self.parts(header)
        let scope = parts.credential.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard scope.count == 5 else { throw Self.incomplete("Credential must have exactly 5 slash-delimited elements, got '\(parts.credential)'.") }
        guard let stamp = asked["x-amz-date"], let date = Self.date(stamp) else { throw Self.incomplete("Date must be in ISO-8601 'basic format'.") }
        guard let key = keys.first(where: { $0.accessKeyID == scope[0] }), key.sessionToken == asked["x-amz-security-token"] else {
            throw SSMProblem(code: "com.amazon.coral.service#UnrecognizedClientException", message: "The security token included in the request is invalid.")
        }
        if let expires = key.expires, expires <= now {
            throw SSMProblem(code: "com.amazon.coral.service#ExpiredTokenException", message: "The security token included in the request is expired")
        }
        guard scope[1] == stamp.prefix(8), scope[2] == region, scope[3] == "ssm", scope[4] == "aws4_request" else {
            throw Self.wrong("Credential should be scoped to a valid region, service and date: '\(scope.dropFirst().joined(separator: "/"))'.")
        }
        guard abs(now.timeIntervalSince(date)) <= Self.leewaySeconds else { throw Self.wrong("Signature expired: \(stamp) is not within 15 minutes of the service's time.") }
        let unsigned = asked.headers.map(\.name).filter { $0 == "host" || $0.hasPrefix("x-amz-") }.filter { !parts.signed.contains($0) }
        guard unsigned.isEmpty else { throw Self.wrong("These headers have to be signed: \(unsigned.joined(separator: ", ")).") }
        guard parts.signed == parts.signed.sorted() else { throw Self.wrong("The signed headers are not in order.") }
        guard signature(asked, parts.signed, stamp, scope, key) == parts.signature else {
            throw Self.wrong("The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.")
        }
    }

    // MARK: - Non public

    private struct Parts {
        var credential = ""
        var signed: [String] = []
        var signature = ""
    }

    private static func parts(_ header: String) throws(SSMProblem) -> Parts {
        guard header.hasPrefix("AWS4-HMAC-SHA256 ") else { throw incomplete("Unsupported AWS 'algorithm'.") }
        var parts = Parts()
        for pair in header.dropFirst("AWS4-HMAC-SHA256 ".count).split(separator: ",") {
            let sides = pair.trimmingCharacters(in: .whitespaces).split(separator: "=", maxSplits: 1).map(String.init)
            guard sides.count == 2 else { throw incomplete("'\(pair)' not a valid key=value pair (missing equal-sign) in Authorization header.") }
            switch sides[0] {
            case "Credential": parts.credential = sides[1]
            case "SignedHeaders": parts.signed = sides[1].split(separator: ";").map(String.init)
            case "Signature": parts.signature = sides[1]
            default: throw incomplete("'\(sides[0])' is not a part of an Authorization header.")
            }
        }
        guard parts.signature.wholeMatch(of: #/[0-9a-f]{64}/#) != nil, !parts.signed.isEmpty, !parts.credential.isEmpty else {
            throw incomplete("Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters.")
        }
        return parts
    }

    private func signature(_ asked: SSMAsked, _ signed: [String], _ stamp: String, _ scope: [String], _ key: LabSSMKey) -> String {
        let headers = signed.map { name in
            let values = asked.headers.filter { $0.name == name }.map { $0.value.split(separator: " ").joined(separator: " ") }
            return "\(name):\(values.joined(separator: ","))\n"
        }
        let request = [asked.method, asked.path, "", headers.joined(), signed.joined(separator: ";"), Self.hex(SHA256.hash(data: asked.body))].joined(separator: "\n")
        let text = ["AWS4-HMAC-SHA256", stamp, scope.dropFirst().joined(separator: "/"), Self.hex(SHA256.hash(data: Array(request.utf8)))].joined(separator: "\n")
        var secret = Array("AWS4\(key.secretAccessKey)".utf8)
        for part in scope.dropFirst() + [text] { secret = Array(HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: SymmetricKey(data: secret))) }
        return Hex.text(secret)
    }

    private static func hex(_ digest: some Sequence<UInt8>) -> String { Hex.text(Array(digest)) }

    private static func date(_ stamp: String) -> Date? {
        guard let found = stamp.wholeMatch(of: #/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/#) else { return nil }
        return try? Date("\(found.1)-\(found.2)-\(found.3)T\(found.4):\(found.5):\(found.6)Z", strategy: .iso8601)
    }

    private static func incomplete(_ why: String) -> SSMProblem { SSMProblem(code: "com.amazon.coral.service#IncompleteSignatureException", message: why) }
    private static func wrong(_ why: String) -> SSMProblem { SSMProblem(code: "com.amazon.coral.service#InvalidSignatureException", message: why) }
}
