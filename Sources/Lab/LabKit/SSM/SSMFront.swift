import Foundation
import Hummingbird
import Logging
import NIOCore

/// A request as it came: header names in lower case, the host among them.
struct SSMAsked: Sendable {
    let method: String
    let path: String
    let headers: [(name: String, value: String)]
    let body: [UInt8]

    subscript(name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// What is said back.
enum SSMReply: Sendable {
    case json(Int, JSONValue)
    case file(FileHandle, bytes: Int)
    /// The connection is closed without a byte.
    case none
}

/// The HTTP front of the endpoint, on loopback.
struct SSMFront: Sendable {
    let answer: @Sendable (SSMAsked) async -> SSMReply

    /// Returns when cancelled; throws when the port cannot be had.
    func serve(port: Int, onPort: @escaping @Sendable (Int) -> Void) async throws {
        var logger = Logger(label: "lab-ssm")
        logger.logLevel = .critical
        let answer = answer
        let responder = CallbackResponder<Context> { request, context in
            switch await answer(try await Self.asked(request)) {
            case .json(let status, let value):
                var headers = HTTPFields()
                headers[.contentType] = "application/x-amz-json-1.1"
                return Response(status: .init(code: status), headers: headers, body: .init(byteBuffer: ByteBuffer(string: value.text)))
            case .file(let file, let bytes):
                let body = ResponseBody(contentLength: bytes) { writer in
                    while let part = try file.read(upToCount: 1 << 20), !part.isEmpty { try await writer.write(ByteBuffer(bytes: part)) }
                    try await writer.finish(nil)
                }
                return Response(status: .ok, body: body)
            case .none:
                try? await context.channel.close()
                return Response(status: .ok)
            }
        }
        let application = Application(
            responder: responder, configuration: .init(address: .hostname("127.0.0.1", port: port), serverName: "Server"),
            onServerRunning: { onPort($0.localAddress?.port ?? port) }, logger: logger)
        try await application.run()
    }

    // MARK: - Non public

    private struct Context: RequestContext {
        var coreContext: CoreRequestContextStorage
        let channel: any Channel

        init(source: ApplicationRequestContextSource) {
            coreContext = .init(source: source)
            channel = source.channel
        }
    }

    private static let mostBodyBytes = 4 << 20

    private static func asked(_ request: Request) async throws -> SSMAsked {
        var request = request
        let body = try await request.collectBody(upTo: mostBodyBytes)
        var headers = request.headers.map { (name: $0.name.canonicalName, value: $0.value) }
        if let host = request.head.authority { headers.append(("host", host)) }
        return SSMAsked(method: request.method.rawValue, path: request.uri.path, headers: headers, body: Array(buffer: body))
    }
}
