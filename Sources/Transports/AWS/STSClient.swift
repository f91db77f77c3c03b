import Crypto
import Foundation
import HTTP

/// A role as it is asked for.
struct STSRole: Sendable {
    let arn: String
    let session: String
    let externalID: String?
    let seconds: Int?

    init(arn: String, session: String?, profile: [String: String]) {
        self.arn = arn
        self.session = session ?? "cutover-\(Int(Date().timeIntervalSince1970))"
        externalID = profile["external_id"]
        seconds = profile["duration_seconds"].flatMap { Int($0) }
    }
}

/// AWS's Security Token Service, as far as roles go.
struct STSClient: Sendable {
    private static let attempts = 4
    private let url: String
    private let region: String

    init(environment: [String: String], region: String?) {
        func said(_ names: String...) -> String? { names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } }
        let region = said("AWS_REGION", "AWS_DEFAULT_REGION") ?? region ?? "us-east-1"
        let override = environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]?.lowercased() == "true" ? nil : said("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL")
        var url = override ?? "https://sts.\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")"
        while url.hasSuffix("/") { url.removeLast() }
        (self.url, self.region) = (url + "/", region)
    }

    func assume(_ role: STSRole, by keys: AWSCredentials) async throws(AWSCredentialFailure) -> AWSCredentials {
        let signing = SigningKeys(
            region: region, service: "sts", accessKeyID: keys.accessKeyID, secretAccessKey: keys.secretAccessKey, sessionToken: keys.sessionToken)
        return try await ask("AssumeRole", role, [], signing)
    }

    /// - Parameter file: read each time: whoever puts the token there replaces it before it runs out.
    func assume(_ role: STSRole, byTokenIn file: String) async throws(AWSCredentialFailure) -> AWSCredentials {
        guard let token = try? String(contentsOfFile: file, encoding: .utf8), !token.isEmpty else { throw AWSCredentialFailure("the web identity token in \(file) cannot be read") }
        return try await ask("AssumeRoleWithWebIdentity", role, [("WebIdentityToken", token)], nil)
    }

    // MARK: - Non public

    private func ask(_ action: String, _ role: STSRole, _ more: [(String, String)], _ signing: SigningKeys?) async throws(AWSCredentialFailure) -> AWSCredentials {
        var words = [("Action", action), ("Version", "2011-06-15"), ("RoleArn", role.arn), ("RoleSessionName", role.session)] + more
        if let seconds = role.seconds { words.append(("DurationSeconds", String(seconds))) }
        if let id = role.externalID { words.append(("ExternalId", id)) }
        let body = Array(words.map { "\($0.0)=\(Self.escaped($0.1))" }.joined(separator: "&").utf8)
        var headers = ["Content-Type": "application/x-www-form-urlencoded; charset=utf-8"]
        if signing != nil { headers["x-amz-content-sha256"] = SHA256.hash(data: body).map { String(format: "%02x", $0) }.joined() }
        let request = HTTPRequest("POST", url, headers: headers, body: body, timeoutMilliseconds: 10_000, connectMilliseconds: 5000, signedBy: signing)
        var last = ""
        for attempt in 0..<Self.attempts {
            do {
                let answer = try await HTTPClient().send(request)
                if answer.status == 200 { return try Self.read(answer.text, role) }
                // AWS's own word; never the text around it, which may repeat what was sent.
                let code = Self.tag("Code", answer.text) ?? "status \(answer.status)"
                last = "it answered \(String(code.filter { $0.isLetter || $0.isNumber || $0 == " " }.prefix(80)))"
                guard answer.status >= 500 || code.contains("Throttl") else { break }
            } catch let failure as AWSCredentialFailure { throw failure } catch { last = "\(error)" }
            let pause = FullJitter.pauseSeconds(attempt: attempt, first: 0.5, chance: .random(in: 0..<1))
            do { try await Task.sleep(for: .seconds(pause)) } catch { break }
        }
        throw AWSCredentialFailure("the role \(role.arn) could not be assumed at \(url): \(last)")
    }

    private static func read(_ text: String, _ role: STSRole) throws(AWSCredentialFailure) -> AWSCredentials {
        guard let id = tag("AccessKeyId", text), let secret = tag("SecretAccessKey", text), let token = tag("SessionToken", text), let said = tag("Expiration", text),
            let expires = AWSTime.date(said)
        else { throw AWSCredentialFailure("the answer for the role \(role.arn) holds no keys") }
        return AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token, expires: expires)
    }

    private static func tag(_ name: String, _ text: String) -> String? {
        guard let open = text.range(of: "<\(name)>"), let close = text.range(of: "</\(name)>", range: open.upperBound..<text.endIndex) else { return nil }
        return text[open.upperBound..<close.lowerBound].trimmingCharacters(in: .whitespacesAndNewlines).replacing("&lt;", with: "<").replacing("&gt;", with: ">")
            .replacing("&quot;", with: "\"").replacing("&amp;", with: "&")
    }

    private static func escaped(_ text: String) -> String {
        let plain = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
        return text.utf8.map { plain.contains($0) ? String(UnicodeScalar($0)) : String(format: "%%%02X", $0) }.joined()
    }
}

enum AWSTime {
    /// With or without fractions of a second.
    static func date(_ text: String) -> Date? {
        (try? Date(text, strategy: .iso8601)) ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
            ?? (try? Date(text.replacing("+00:00", with: "Z"), strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: text.contains("."))))
    }
}
