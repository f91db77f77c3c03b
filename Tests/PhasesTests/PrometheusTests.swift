import Foundation
import Glibc
import Testing

@testable import Phases

@Suite("a Prometheus query among the samples") struct PrometheusTests {
    private func query(at url: String = "http://127.0.0.1:1", atMost: Double? = 0.5, atLeast: Double? = nil) -> PrometheusQuery {
        PrometheusQuery(url: url, query: "rate(errors[5m]) > 0", atMost: atMost, atLeast: atLeast)
    }

    private func vector(_ values: String...) -> [UInt8] {
        let series = values.map { #"{"metric": {"job": "x"}, "value": [1767225600.123, "\#($0)"]}"# }.joined(separator: ",")
        return Array(#"{"status": "success", "data": {"resultType": "vector", "result": [\#(series)]}}"#.utf8)
    }

    @Test("is green within its bounds, for every series")
    func within() throws {
        #expect(try query().judge(vector("0.25")) == "0.25")
        #expect(try query(atMost: nil, atLeast: 2).judge(vector("2", "3")) == "2 3")
        #expect(try query().judge(Array(#"{"status": "success", "data": {"resultType": "scalar", "result": [1767225600, "0"]}}"#.utf8)) == "0")
    }

    @Test("is not green beyond them, without a value, or with none that is a number", arguments: ["0.75", "NaN", "+Inf", "-"])
    func beyond(value: String) {
        #expect(throws: PrometheusQuery.Failure.self) { try query().judge(vector("0.1", value)) }
    }

    @Test("nothing, an error or another thing's answer is not green", arguments: ["", "{}", #"{"status": "error", "error": "bad"}"#, #"{"status": "success", "data": {"resultType": "vector", "result": []}}"#])
    func nothing(body: String) { #expect(throws: PrometheusQuery.Failure.self) { try query().judge(Array(body.utf8)) } }

    @Test("is asked over HTTP, whole and escaped; a server that says no, or nothing, is not green")
    func overHTTP() async throws {
        let server = try OneAnswer(status: 200, body: vector("0.25"))
        #expect(try await query(at: server.url).value() == "0.25")
        #expect(await server.asked.hasPrefix("GET /api/v1/query?query=rate%28errors%5B5m%5D%29%20%3E%200 HTTP/1.1"))
        let refusing = try OneAnswer(status: 503, body: [])
        await #expect(throws: PrometheusQuery.Failure.self) { try await query(at: refusing.url).value() }
        await #expect(throws: PrometheusQuery.Failure.self) { try await query().value() }
    }
}

/// A server that answers one request, on a thread of its own.
private final class OneAnswer: Sendable {
    let url: String
    private let heard: AsyncStream<String>

    init(status: Int, body: [UInt8]) throws {
        let listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listening, $0, length) == 0 && listen(listening, 4) == 0 && getsockname(listening, $0, &length) == 0 }
        }
        try #require(bound)
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        let (heard, tell) = AsyncStream.makeStream(of: String.self)
        self.heard = heard
        Thread.detachNewThread {
            let connection = accept(listening, nil, nil)
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = recv(connection, &buffer, buffer.count, 0)
            tell.yield(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self))
            tell.finish()
            let head = Array("HTTP/1.1 \(status) X\r\nContent-Length: \(body.count)\r\nConnection: close\r\n\r\n".utf8)
            _ = send(connection, head + body, head.count + body.count, Int32(MSG_NOSIGNAL))
            close(connection)
            close(listening)
        }
    }

    var asked: String {
        get async {
            for await text in heard { return text }
            return ""
        }
    }
}
