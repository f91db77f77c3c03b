import CCurl
import Foundation

/// One request as it is to be sent.
struct WebCall: Sendable {
    var method: String
    var url: String
    var token: String?
    var body: String?
    var timeoutMilliseconds = 10_000
}

struct WebAnswer: Sendable {
    let status: Int
    let body: [UInt8]
    var json: JSONValue? { try? JSONReader.read(body) }
}

/// No answer came.
enum WebFailure: Error, CustomStringConvertible {
    /// The connection was never made: nothing can have happened.
    case neverSent(String)
    /// The request may have been carried out.
    case outcomeUnknown(String)

    var description: String {
        switch self {
        case .neverSent(let why): "not sent: \(why)"
        case .outcomeUnknown(let why): "sent, no answer: \(why)"
        }
    }
}

/// A blocking HTTP client over libcurl; not to be used from two threads at once.
/// Every call opens a connection of its own: libcurl silently repeats a request whose reused connection died, and would commit twice.
final class CurlClient {
    private static let ready: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    private let handle: UnsafeMutableRawPointer?

    init() { handle = Self.ready ? curl_easy_init() : nil }

    deinit { if let handle { curl_easy_cleanup(handle) } }

    func send(_ call: WebCall) throws(WebFailure) -> WebAnswer {
        guard let handle else { throw .neverSent("libcurl would not start") }
        curl_easy_reset(handle)
        var headers = curl_slist_append(nil, "Content-Type: application/json")
        headers = curl_slist_append(headers, "Expect:")
        if let token = call.token { headers = curl_slist_append(headers, "Authorization: Bearer \(token)") }
        defer { curl_slist_free_all(headers) }
        let received = Received()
        _ = ccurl_setopt_string(handle, CURLOPT_URL, call.url)
        _ = ccurl_setopt_string(handle, CURLOPT_CUSTOMREQUEST, call.method)
        _ = ccurl_setopt_list(handle, CURLOPT_HTTPHEADER, headers)
        _ = ccurl_setopt_long(handle, CURLOPT_NOSIGNAL, 1)
        _ = ccurl_setopt_long(handle, CURLOPT_FRESH_CONNECT, 1)
        _ = ccurl_setopt_long(handle, CURLOPT_FORBID_REUSE, 1)
        _ = ccurl_setopt_long(handle, CURLOPT_TIMEOUT_MS, call.timeoutMilliseconds)
        _ = ccurl_setopt_string(handle, CURLOPT_NOPROXY, "*")
        if let body = call.body {
            _ = ccurl_setopt_long(handle, CURLOPT_POSTFIELDSIZE, body.utf8.count)
            _ = ccurl_setopt_string(handle, CURLOPT_COPYPOSTFIELDS, body)
        }
        _ = ccurl_setopt_callback(handle, CURLOPT_WRITEFUNCTION, collect)
        _ = ccurl_setopt_pointer(handle, CURLOPT_WRITEDATA, Unmanaged.passUnretained(received).toOpaque())
        let code = withExtendedLifetime(received) { curl_easy_perform(handle) }
        guard code == CURLE_OK else { throw failure(code) }
        var status = 0
        _ = ccurl_getinfo_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return WebAnswer(status: status, body: received.bytes)
    }

    // MARK: - Non public

    private func failure(_ code: CURLcode) -> WebFailure {
        let why = String(cString: curl_easy_strerror(code))
        let before = [CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL]
        return before.contains(code) ? .neverSent(why) : .outcomeUnknown(why)
    }
}

private final class Received {
    var bytes: [UInt8] = []
}

private func collect(
    _ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ target: UnsafeMutableRawPointer?
) -> Int {
    guard let data, let target else { return 0 }
    let received = Unmanaged<Received>.fromOpaque(target).takeUnretainedValue()
    UnsafeRawBufferPointer(start: data, count: size * count).withMemoryRebound(to: UInt8.self) {
        received.bytes.append(contentsOf: $0)
    }
    return size * count
}
