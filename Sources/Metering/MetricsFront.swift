import Hummingbird
import Logging
import NIOCore
import Synchronization

/// Serves metrics by HTTP at `/metrics`, for as long as its task runs. It leaves the process's signals alone.
public struct MetricsFront: Sendable {
    public let address: MetricsAddress
    private let text: @Sendable () -> String

    /// - Parameter text: asked at each scrape.
    public init(address: MetricsAddress, text: @escaping @Sendable () -> String) {
        self.address = address
        self.text = text
    }

    /// Returns when the task is cancelled; throws when the address can't be taken.
    /// - Parameter listening: told the port, which the system chose where 0 was asked for.
    public func serve(listening: @escaping @Sendable (Int) -> Void) async throws {
        let text = text
        let responder = CallbackResponder<BasicRequestContext> { request, _ in
            guard request.uri.path == "/metrics" else { return Self.answer(.notFound, "metrics are at /metrics\n") }
            guard request.method == .get || request.method == .head else { return Self.answer(.methodNotAllowed, "metrics are only read\n") }
            return Self.answer(.ok, text(), type: PrometheusText.contentType)
        }
        var logger = Logger(label: "metrics") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let application = Application(
            responder: responder, configuration: .init(address: .hostname(address.host, port: address.port), serverName: "cutoverctl"),
            onServerRunning: { listening($0.localAddress?.port ?? 0) }, logger: logger)
        // Not `runService()`: that would take SIGTERM and SIGINT away from the loop.
        try await application.run()
    }

    private static func answer(_ status: HTTPResponse.Status, _ text: String, type: String = "text/plain; charset=utf-8") -> Response {
        Response(status: status, headers: [.contentType: type], body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

/// Where metrics are served: a host and a port.
public struct MetricsAddress: Sendable, Equatable, CustomStringConvertible {
    public let host: String
    public let port: Int

    public init(host: String, port: Int) { (self.host, self.port) = (host, port) }

    /// Nil unless `text` is HOST:PORT, such as 127.0.0.1:9464 or [::1]:9464.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (0...65535).contains(port) else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) } else if host.contains(":") { return nil }
        guard !host.isEmpty else { return nil }
        (self.host, self.port) = (host, port)
    }

    /// Only this machine can reach it. A name may mean anything, but for the one that everybody knows.
    public var isLoopback: Bool { host == "localhost" || host == "::1" || (host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }) }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
