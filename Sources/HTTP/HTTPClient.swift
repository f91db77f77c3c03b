/// Single requests, each over a connection of its own. Never follows redirects, never uses a proxy.
public struct HTTPClient: Sendable {
    private static let loop = TransferLoop(connections: 0, keepsAlive: false)

    public init() {}

    /// When the task is cancelled the request is given up: `.unreachable` if nothing of it had been sent.
    public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse { try await Self.loop.carryOut(request) }
}

/// Many requests in flight over few connections that are kept alive, on one thread of the pool's own.
///
/// HTTP/1.1: a connection carries one request at a time; what exceeds the connections waits within the request's timeout.
/// A body whose sending began is never sent a second time by itself, not even when the server closes an idle connection meanwhile.
public final class HTTPPool: Sendable {
    private let loop: TransferLoop

    public init(connections: Int) { loop = TransferLoop(connections: max(1, connections), keepsAlive: true) }

    deinit { loop.end() }

    /// When the task is cancelled the request is given up: `.unreachable` if nothing of it had been sent.
    public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse { try await loop.carryOut(request) }
}
