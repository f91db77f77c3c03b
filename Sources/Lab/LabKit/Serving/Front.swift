import Foundation
import Hummingbird
import Logging

/// The HTTP front of a desk: listens, hands requests over, stops on SIGTERM after the requests in flight.
struct Front: Sendable {
    let address: ListenAddress
    let desk: any Desk

    /// Returns when stopped by a signal; throws when the address cannot be bound.
    func serve(named name: String) async throws {
        var logger = Logger(label: name)
        logger.logLevel = .warning
        let desk = desk
        let responder = CallbackResponder<BasicRequestContext> { request, _ in
            Self.response(await desk.answer(try await Self.asked(request)))
        }
        let application = Application(
            responder: responder,
            configuration: .init(address: .hostname(address.host, port: address.port), serverName: name),
            onServerRunning: { _ in LabLog.say("\(name): listening on \(address)") },
            logger: logger)
        let deadline = Self.leaveAfterSignal(seconds: 4.5)
        try await application.runService()
        deadline.cancel()
        LabLog.say("\(name): stopped")
    }

    // MARK: - Non public

    private static let mostBodyBytes = 64 << 20

    private static func asked(_ request: Request) async throws -> Asked {
        var request = request
        let body = try await request.collectBody(upTo: mostBodyBytes)
        let authorization = request.headers[.authorization] ?? ""
        return Asked(
            method: request.method.rawValue,
            path: Asked.segments(of: request.uri.path),
            query: Asked.parameters(of: request.uri.query),
            bearer: authorization.hasPrefix("Bearer ") ? String(authorization.dropFirst(7)) : nil,
            ifMatch: request.headers[.ifMatch],
            body: Array(buffer: body))
    }

    private static func response(_ answer: Answer) -> Response {
        var headers = HTTPFields()
        if !answer.body.isEmpty { headers[.contentType] = answer.contentType }
        return Response(
            status: .init(code: answer.status), headers: headers,
            body: answer.body.isEmpty ? .init() : .init(byteBuffer: ByteBuffer(string: answer.body)))
    }

    /// A request that never ends must not keep the process: whoever stops a server counts on its going.
    private static func leaveAfterSignal(seconds: Double) -> any DispatchSourceSignal {
        let source = DispatchSource.makeSignalSource(signal: SIGTERM, queue: .global())
        source.setEventHandler {
            DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { _exit(0) }
        }
        source.resume()
        return source
    }
}

/// A host and port to listen on; an empty host means every address.
struct ListenAddress: Sendable, CustomStringConvertible {
    let host: String
    let port: Int

    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (1...65535).contains(port)
        else { return nil }
        let host = text[..<colon]
        self.host = host.isEmpty ? "0.0.0.0" : String(host)
        self.port = port
    }

    var description: String { "\(host):\(port)" }
}
