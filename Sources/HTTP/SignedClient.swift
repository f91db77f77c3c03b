import CCurl
import CrashPoints
import Foundation

/// Who signs a request, for AWS and for whatever speaks its signature.
public struct SigningKeys: Sendable, Equatable {
    public let region: String
    public let service: String
    public let accessKeyID: String
    let secretAccessKey: String
    let sessionToken: String?

    public init(region: String, service: String, accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.region = region
        self.service = service
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

public struct SignedResponse: Sendable {
    public let status: Int
    /// Names in small letters.
    public let headers: [String: String]
    public let body: [UInt8]
    public var text: String { String(decoding: body, as: UTF8.self) }
}

/// Requests with libcurl's own AWS signature, version 4. Never follows redirects, never uses a proxy.
public struct SignedClient: Sendable {
    private static let queue = DispatchQueue(label: "cutover.http.signed", attributes: .concurrent)
    private static let bodyLimit = 64 << 20

    public let keys: SigningKeys
    /// What a server that moves less than a byte a second for so long is called: gone.
    public let stallSeconds: Int

    public init(_ keys: SigningKeys, stallSeconds: Int = 30) {
        self.keys = keys
        self.stallSeconds = stallSeconds
    }

    /// - Parameter bodySHA256: of the body, lower-case hexadecimal; it is signed, so that the server refuses another body.
    ///   The URL's path must be in its escaped form, and its query in the order that the signature wants: by name.
    public func send(
        _ method: String, _ url: String, headers: [String: String] = [:], body: [UInt8] = [], bodySHA256: String
    ) async throws(HTTPError) -> SignedResponse {
        CrashPoint.reached(HTTPRequest.effect(method, url).map { "\($0) begun" })
        defer { CrashPoint.reached(HTTPRequest.effect(method, url).map { "\($0) answered" }) }
        let result: Result<SignedResponse, HTTPError> = await withCheckedContinuation { continuation in
            Self.queue.async { continuation.resume(returning: perform(method, url, headers, body, bodySHA256)) }
        }
        return try result.get()
    }

    private func perform(
        _ method: String, _ url: String, _ headers: [String: String], _ body: [UInt8], _ bodySHA256: String
    ) -> Result<SignedResponse, HTTPError> {
        _ = TransferLoop.started
        guard let handle = curl_easy_init() else { return .failure(.unreachable("libcurl gave no handle")) }
        defer { curl_easy_cleanup(handle) }
        var list: UnsafeMutablePointer<curl_slist>?
        var all = headers.merging(["x-amz-content-sha256": bodySHA256]) { mine, _ in mine }
        if let token = keys.sessionToken { all["x-amz-security-token"] = token }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) { list = curl_slist_append(list, "\(key): \(value)") }
        // Every header in the list is signed, so none can be taken out by naming it empty.
        if method == "PUT" || method == "POST" { list = curl_slist_append(list, "Content-Type: application/octet-stream") }
        defer { curl_slist_free_all(list) }
        let catcher = Catcher(limit: Self.bodyLimit)
        let pointer = Unmanaged.passUnretained(catcher).toOpaque()
        ccurl_setopt_string(handle, CURLOPT_URL, url)
        ccurl_setopt_string(handle, CURLOPT_PROXY, "")
        ccurl_setopt_long(handle, CURLOPT_PATH_AS_IS, 1)
        ccurl_setopt_long(handle, CURLOPT_NOSIGNAL, 1)
        ccurl_setopt_long(handle, CURLOPT_CONNECTTIMEOUT_MS, 5000)
        // curl asks for a "100 Continue" before a long body, which small stores never send.
        ccurl_setopt_long(handle, CURLOPT_EXPECT_100_TIMEOUT_MS, 1)
        ccurl_setopt_long(handle, CURLOPT_LOW_SPEED_LIMIT, 1)
        ccurl_setopt_long(handle, CURLOPT_LOW_SPEED_TIME, stallSeconds)
        ccurl_setopt_list(handle, CURLOPT_HTTPHEADER, list)
        ccurl_setopt_string(handle, CURLOPT_AWS_SIGV4, "aws:amz:\(keys.region):\(keys.service)")
        ccurl_setopt_string(handle, CURLOPT_USERNAME, keys.accessKeyID)
        ccurl_setopt_string(handle, CURLOPT_PASSWORD, keys.secretAccessKey)
        ccurl_setopt_callback(handle, CURLOPT_WRITEFUNCTION) { data, size, count, target in
            guard let data, let target else { return 0 }
            return Unmanaged<Catcher>.fromOpaque(target).takeUnretainedValue().take(data, size * count)
        }
        ccurl_setopt_pointer(handle, CURLOPT_WRITEDATA, pointer)
        ccurl_setopt_callback(handle, CURLOPT_HEADERFUNCTION) { data, size, count, target in
            guard let data, let target else { return 0 }
            return Unmanaged<Catcher>.fromOpaque(target).takeUnretainedValue().head(data, size * count)
        }
        ccurl_setopt_pointer(handle, CURLOPT_HEADERDATA, pointer)
        let code = withExtendedLifetime(catcher) { Self.transfer(handle, method, body) }
        guard code == CURLE_OK else { return .failure(Self.failure(code, catcher)) }
        var status = 0
        ccurl_getinfo_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return .success(SignedResponse(status: status, headers: catcher.headers, body: catcher.bytes))
    }

    private static func transfer(_ handle: UnsafeMutableRawPointer, _ method: String, _ body: [UInt8]) -> CURLcode {
        if method == "HEAD" {
            ccurl_setopt_long(handle, CURLOPT_NOBODY, 1)
            return curl_easy_perform(handle)
        }
        ccurl_setopt_string(handle, CURLOPT_CUSTOMREQUEST, method)
        guard method == "PUT" || method == "POST" else { return curl_easy_perform(handle) }
        return body.withUnsafeBytes { bytes in
            ccurl_setopt_long(handle, CURLOPT_POSTFIELDSIZE, body.count)
            // curl only reads from the pointer; its interface takes it as mutable for all options alike.
            ccurl_setopt_pointer(handle, CURLOPT_POSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)))
            return curl_easy_perform(handle)
        }
    }

    private static func failure(_ code: CURLcode, _ catcher: Catcher) -> HTTPError {
        let text = String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: return .unreachable(text)
        case CURLE_WRITE_ERROR where catcher.overflowed: return .tooLarge(limit: catcher.limit)
        default: return .outcomeUnknown(text)
        }
    }
}

/// Collects a response's headers and body during one blocking call, on one thread.
private final class Catcher {
    let limit: Int
    private(set) var bytes: [UInt8] = []
    private(set) var headers: [String: String] = [:]
    private(set) var overflowed = false

    init(limit: Int) { self.limit = limit }

    func take(_ data: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        guard bytes.count + count <= limit else {
            overflowed = true
            return 0
        }
        data.withMemoryRebound(to: UInt8.self, capacity: count) { bytes.append(contentsOf: UnsafeBufferPointer(start: $0, count: count)) }
        return count
    }

    func head(_ data: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        let line = data.withMemoryRebound(to: UInt8.self, capacity: count) { String(decoding: UnsafeBufferPointer(start: $0, count: count), as: UTF8.self) }
        if line.hasPrefix("HTTP/") { headers = [:] }
        if let colon = line.firstIndex(of: ":") {
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespacesAndNewlines)
        }
        return count
    }
}
