import CCurl
import Foundation

public struct HTTPRequest: Sendable {
    public let method: String
    public let url: String
    public let headers: [String: String]
    public let body: [UInt8]?
    public let timeoutMilliseconds: Int

    public init(_ method: String, _ url: String, headers: [String: String] = [:], body: [UInt8]? = nil, timeoutMilliseconds: Int = 5000) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeoutMilliseconds = timeoutMilliseconds
    }
}

public struct HTTPResponse: Sendable {
    public let status: Int
    public let body: [UInt8]
    public var text: String { String(decoding: body, as: UTF8.self) }
}

public enum HTTPError: Error, Sendable, Equatable {
    /// The connection was never made: nothing was sent.
    case unreachable(String)
    /// Sent, and no whole answer came: the server may or may not have acted.
    case outcomeUnknown(String)
    case tooLarge(limit: Int)
}

/// Requests over libcurl. Never follows redirects, never uses a proxy; the blocking calls run on a queue of their own.
public struct HTTPClient: Sendable {
    private static let queue = DispatchQueue(label: "cutover.http", attributes: .concurrent)
    private static let started: Void = { curl_global_init(Int(CURL_GLOBAL_DEFAULT)) }()
    private static let bodyLimit = 64 << 20

    public init() {}

    public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let result: Result<HTTPResponse, HTTPError> = await withCheckedContinuation { continuation in
            Self.queue.async { continuation.resume(returning: Self.perform(request)) }
        }
        return try result.get()
    }

    private static func perform(_ request: HTTPRequest) -> Result<HTTPResponse, HTTPError> {
        _ = started
        guard let handle = curl_easy_init() else { return .failure(.unreachable("libcurl gave no handle")) }
        defer { curl_easy_cleanup(handle) }
        var list: UnsafeMutablePointer<curl_slist>?
        for (key, value) in request.headers.sorted(by: { $0.key < $1.key }) { list = curl_slist_append(list, "\(key): \(value)") }
        // Without this curl waits for a "100 Continue" that small servers never send.
        list = curl_slist_append(list, "Expect:")
        defer { curl_slist_free_all(list) }
        let sink = Sink(limit: bodyLimit)
        ccurl_setopt_string(handle, CURLOPT_URL, request.url)
        ccurl_setopt_string(handle, CURLOPT_CUSTOMREQUEST, request.method)
        ccurl_setopt_string(handle, CURLOPT_PROXY, "")
        ccurl_setopt_long(handle, CURLOPT_NOSIGNAL, 1)
        ccurl_setopt_long(handle, CURLOPT_TIMEOUT_MS, request.timeoutMilliseconds)
        ccurl_setopt_long(handle, CURLOPT_CONNECTTIMEOUT_MS, min(request.timeoutMilliseconds, 2000))
        ccurl_setopt_list(handle, CURLOPT_HTTPHEADER, list)
        ccurl_setopt_callback(handle, CURLOPT_WRITEFUNCTION) { data, size, count, target in
            guard let data, let target else { return 0 }
            return Unmanaged<Sink>.fromOpaque(target).takeUnretainedValue().take(data, size * count)
        }
        ccurl_setopt_pointer(handle, CURLOPT_WRITEDATA, Unmanaged.passUnretained(sink).toOpaque())
        let code = withExtendedLifetime(sink) { transfer(handle, request.body) }
        guard code == CURLE_OK else { return .failure(failure(code, sink)) }
        var status = 0
        ccurl_getinfo_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return .success(HTTPResponse(status: status, body: sink.bytes))
    }

    private static func transfer(_ handle: UnsafeMutableRawPointer, _ body: [UInt8]?) -> CURLcode {
        guard let body else { return curl_easy_perform(handle) }
        return body.withUnsafeBytes { bytes in
            ccurl_setopt_long(handle, CURLOPT_POSTFIELDSIZE, body.count)
            // curl only reads from the pointer; its interface takes it as mutable for all options alike.
            ccurl_setopt_pointer(handle, CURLOPT_POSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)))
            return curl_easy_perform(handle)
        }
    }

    private static func failure(_ code: CURLcode, _ sink: Sink) -> HTTPError {
        let text = String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: return .unreachable(text)
        case CURLE_WRITE_ERROR where sink.overflowed: return .tooLarge(limit: sink.limit)
        default: return .outcomeUnknown(text)
        }
    }
}

/// Collects a response's body during one blocking call, on one thread.
private final class Sink {
    let limit: Int
    private(set) var bytes: [UInt8] = []
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
}
