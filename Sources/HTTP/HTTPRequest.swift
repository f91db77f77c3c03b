public struct HTTPRequest: Sendable {
    public let method: String
    public let url: String
    public let headers: [String: String]
    public let body: [UInt8]?
    /// From the order to the last byte of the answer, waiting for a connection included.
    public let timeoutMilliseconds: Int
    /// Of that time, what the connection alone may take.
    public let connectMilliseconds: Int
    /// Largest body that is taken in answer, bytes.
    public let answerLimit: Int
    /// Who signs it, for AWS. The body's digest must be among the headers then, as `x-amz-content-sha256`.
    public let signedBy: SigningKeys?

    public init(
        _ method: String, _ url: String, headers: [String: String] = [:], body: [UInt8]? = nil, timeoutMilliseconds: Int = 5000,
        connectMilliseconds: Int = 2000, answerLimit: Int = 64 << 20, signedBy: SigningKeys? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeoutMilliseconds = timeoutMilliseconds
        self.connectMilliseconds = min(timeoutMilliseconds, connectMilliseconds)
        self.answerLimit = answerLimit
        self.signedBy = signedBy
    }
}

public struct HTTPResponse: Sendable {
    public let status: Int
    public let body: [UInt8]
    /// Names in lower case; of a name that came twice, the last.
    public let headers: [String: String]
    public var text: String { String(decoding: body, as: UTF8.self) }

    /// Seconds the server asked to be left alone for; dates, which the header may hold too, count as absent.
    public var retryAfterSeconds: Double? {
        guard let text = headers["retry-after"], let seconds = Double(text), seconds >= 0, seconds.isFinite else { return nil }
        return seconds
    }
}

public enum HTTPError: Error, Sendable, Equatable {
    /// Nothing was sent.
    case unreachable(String)
    /// Sent, at least in part, and no whole answer came: the server may or may not have acted, and may still act.
    case outcomeUnknown(String)
    /// The answer's body was longer than allowed. The server has acted.
    case tooLarge(limit: Int)
}

extension HTTPRequest {
    /// A request that may change something, by its method and path: the names of crash points. Nil of any other. A star stands for what differs from
    /// run to run.
    static func effect(_ method: String, _ url: String) -> String? {
        guard !["GET", "HEAD"].contains(method) else { return nil }
        let path = url.split(separator: "/").dropFirst(2).map { $0.contains(where: \.isNumber) && $0.count > 3 ? "*" : String($0.prefix { $0 != "?" }) }
        return "\(method) /\(path.joined(separator: "/"))"
    }
}
