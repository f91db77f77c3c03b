import CCurl

/// One request on one curl handle. Lives on the loop's thread; curl's callbacks reach it there.
final class Transfer {
    let order: Order
    private let easy: UnsafeMutableRawPointer
    private var list: UnsafeMutablePointer<curl_slist>?
    private var sent = 0
    private var body: [UInt8] = []
    private var overflowed = false
    private var headers: [String: String] = [:]

    init(_ order: Order, _ easy: UnsafeMutableRawPointer, keepsAlive: Bool) {
        self.order = order
        self.easy = easy
        let request = order.request
        for (key, value) in request.headers.sorted(by: { $0.key < $1.key }) { list = curl_slist_append(list, "\(key): \(value)") }
        // Otherwise curl waits for a "100 Continue" that small servers never send. Every header in the list is signed, so none can be
        // taken out of a signed request by naming it empty.
        if request.signedBy == nil { list = curl_slist_append(list, "Expect:") }
        if let token = request.signedBy?.sessionToken { list = curl_slist_append(list, "x-amz-security-token: \(token)") }
        ccurl_setopt_string(easy, CURLOPT_URL, request.url)
        ccurl_setopt_string(easy, CURLOPT_CUSTOMREQUEST, request.method)
        ccurl_setopt_string(easy, CURLOPT_PROXY, "")
        ccurl_setopt_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        ccurl_setopt_long(easy, CURLOPT_NOSIGNAL, 1)
        ccurl_setopt_long(easy, CURLOPT_TIMEOUT_MS, request.timeoutMilliseconds)
        ccurl_setopt_long(easy, CURLOPT_CONNECTTIMEOUT_MS, request.connectMilliseconds)
        if let keys = request.signedBy { sign(keys) }
        if !keepsAlive {
            ccurl_setopt_long(easy, CURLOPT_FRESH_CONNECT, 1)
            ccurl_setopt_long(easy, CURLOPT_FORBID_REUSE, 1)
        }
        ccurl_setopt_list(easy, CURLOPT_HTTPHEADER, list)
        let me = Unmanaged.passUnretained(self).toOpaque()
        ccurl_setopt_callback(easy, CURLOPT_WRITEFUNCTION) { data, size, count, me in Transfer.from(me)?.take(data, size * count) ?? 0 }
        ccurl_setopt_pointer(easy, CURLOPT_WRITEDATA, me)
        ccurl_setopt_callback(easy, CURLOPT_HEADERFUNCTION) { data, size, count, me in Transfer.from(me)?.note(data, size * count) ?? 0 }
        ccurl_setopt_pointer(easy, CURLOPT_HEADERDATA, me)
        guard let body = request.body else { return }
        // A body that is read piece by piece and can't be rewound is never sent twice: on a kept connection that turns out
        // closed, curl would otherwise send it again, and the server may have acted on the first.
        ccurl_setopt_long(easy, CURLOPT_POST, 1)
        ccurl_setopt_long(easy, CURLOPT_POSTFIELDSIZE, body.count)
        ccurl_setopt_callback(easy, CURLOPT_READFUNCTION) { buffer, size, count, me in Transfer.from(me)?.give(buffer, size * count) ?? 0 }
        ccurl_setopt_pointer(easy, CURLOPT_READDATA, me)
    }

    deinit { curl_slist_free_all(list) }

    func finish(_ code: CURLcode) {
        guard code == CURLE_OK else { return order.continuation.resume(returning: .failure(failure(code))) }
        var status = 0
        ccurl_getinfo_long(easy, CURLINFO_RESPONSE_CODE, &status)
        order.continuation.resume(returning: .success(HTTPResponse(status: status, body: body, headers: headers)))
    }

    func giveUp(_ why: String) {
        order.continuation.resume(returning: .failure(nothingSent ? .unreachable(why) : .outcomeUnknown(why)))
    }

    // MARK: - Non public

    /// Bytes of the request, its head included, that went out.
    private var nothingSent: Bool {
        var bytes = 0
        ccurl_getinfo_long(easy, CURLINFO_REQUEST_SIZE, &bytes)
        return bytes == 0 && sent == 0
    }

    private func failure(_ code: CURLcode) -> HTTPError {
        let text = String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: return .unreachable(text)
        case CURLE_WRITE_ERROR where overflowed: return .tooLarge(limit: order.request.answerLimit)
        default: return nothingSent ? .unreachable(text) : .outcomeUnknown(text)
        }
    }

    private func sign(_ keys: SigningKeys) {
        ccurl_setopt_long(easy, CURLOPT_EXPECT_100_TIMEOUT_MS, 1)
        ccurl_setopt_string(easy, CURLOPT_AWS_SIGV4, "aws:amz:\(keys.region):\(keys.service)")
        ccurl_setopt_string(easy, CURLOPT_USERNAME, keys.accessKeyID)
        ccurl_setopt_string(easy, CURLOPT_PASSWORD, keys.secretAccessKey)
    }

    private static func from(_ pointer: UnsafeMutableRawPointer?) -> Transfer? {
        pointer.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private func take(_ data: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        guard let data else { return 0 }
        guard body.count + count <= order.request.answerLimit else {
            overflowed = true
            return 0
        }
        data.withMemoryRebound(to: UInt8.self, capacity: count) { body.append(contentsOf: UnsafeBufferPointer(start: $0, count: count)) }
        return count
    }

    /// One header line. A status line begins the headers anew: those of an interim answer are not the answer's.
    private func note(_ data: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        guard let data else { return 0 }
        let line = data.withMemoryRebound(to: UInt8.self, capacity: count) { String(decoding: UnsafeBufferPointer(start: $0, count: count), as: UTF8.self) }
        if line.hasPrefix("HTTP/") { headers = [:] }
        if let colon = line.firstIndex(of: ":") {
            headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }.prefix { !$0.isNewline })
        }
        return count
    }

    private func give(_ buffer: UnsafeMutablePointer<CChar>?, _ room: Int) -> Int {
        guard let buffer, let body = order.request.body else { return 0 }
        let count = min(room, body.count - sent)
        body.withUnsafeBytes { bytes in
            guard count > 0, let start = bytes.baseAddress else { return }
            UnsafeMutableRawPointer(buffer).copyMemory(from: start + sent, byteCount: count)
        }
        sent += count
        return count
    }
}
