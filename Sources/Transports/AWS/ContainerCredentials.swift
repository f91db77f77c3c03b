import Foundation
import HTTP

/// Keys that a container's host hands out at an address that its variables name.
struct ContainerCredentials: Sendable {
    private static let attempts = 3
    private static let hosts = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost"]

    private let environment: [String: String]
    private let url: String

    /// Nil where no variable names an address.
    /// - Parameter base: where relative addresses lead to.
    init?(environment: [String: String], base: String = "http://169.254.170.2") {
        self.environment = environment
        if let path = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] {
            url = base + path
        } else if let full = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] {
            url = full
        } else {
            return nil
        }
    }

    func fetch() async throws(AWSCredentialFailure) -> AWSCredentials {
        guard Self.isAllowed(url) else {
            throw AWSCredentialFailure("AWS_CONTAINER_CREDENTIALS_FULL_URI leads to a host that is not asked for keys without TLS: only loopback, \(Self.hosts.dropLast().joined(separator: ", "))")
        }
        var headers = ["Accept": "application/json"]
        if let token = try authorization() { headers["Authorization"] = token }
        var last = ""
        for attempt in 1...Self.attempts {
            do {
                let answer = try await HTTPClient().send(HTTPRequest("GET", url, headers: headers, timeoutMilliseconds: 2000, answerLimit: 1 << 16))
                if answer.status == 200 { return try MetadataKeys.read(answer.body, whose: "the container's host") }
                last = "status \(answer.status)"
            } catch let failure as AWSCredentialFailure { last = failure.description } catch { last = "\(error)" }
            if attempt < Self.attempts { do { try await Task.sleep(for: .seconds(1)) } catch { break } }
        }
        throw AWSCredentialFailure("the container's host gave no keys: \(last)")
    }

    // MARK: - Non public

    /// Read anew each time: the file's token is replaced before it runs out.
    private func authorization() throws(AWSCredentialFailure) -> String? {
        var token = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        if let file = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] {
            do { token = try String(contentsOfFile: file, encoding: .utf8) } catch { throw AWSCredentialFailure("the token in \(file) cannot be read") }
        }
        // A line's end in it would be another header. Of bytes, since "\r\n" is one character.
        if token?.utf8.contains(where: { $0 == 10 || $0 == 13 }) == true { throw AWSCredentialFailure("the container's authorization token holds a line's end, which no header may") }
        return token
    }

    static func isAllowed(_ url: String) -> Bool {
        guard !url.utf8.contains(where: { $0 <= 32 || $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "@") || $0 == 127 }), let parts = URLComponents(string: url), let named = parts.host
        else { return false }
        if parts.scheme == "https" { return true }
        let host = named.trimmingCharacters(in: CharacterSet(charactersIn: "[]")).lowercased()
        return parts.scheme == "http" && (hosts.contains(host) || isLoopback(host))
    }

    private static func isLoopback(_ host: String) -> Bool {
        var four = in_addr()
        if inet_pton(AF_INET, host, &four) == 1 { return UInt32(bigEndian: four.s_addr) >> 24 == 127 }
        var six = in6_addr()
        guard inet_pton(AF_INET6, host, &six) == 1 else { return false }
        return withUnsafeBytes(of: six) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
    }
}
