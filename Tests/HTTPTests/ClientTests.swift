import Foundation
import HTTP
import ProgramsTestKit
import Testing

@Suite("requests over libcurl", .serialized) struct ClientTests {
    struct Counts: Decodable { let requests: Int, connections: Int, most: Int, closed: Int }

    private static let server = Result { try PythonServer("Fixtures/http/small-server.py") }

    private func url(_ path: String) throws -> String { try Self.server.get().url + path }

    private func counts() async throws -> Counts {
        try JSONDecoder().decode(Counts.self, from: Data(try await HTTPClient().send(HTTPRequest("GET", url("/count"))).body))
    }

    private typealias Sender = @Sendable (HTTPRequest) async throws(HTTPError) -> HTTPResponse

    /// Nil when it was answered.
    private static func failure(_ request: HTTPRequest, _ send: Sender) async -> HTTPError? {
        do {
            _ = try await send(request)
            return nil
        } catch { return error }
    }

    private func isUnreachable(_ error: HTTPError?) -> Bool { if case .unreachable? = error { true } else { false } }
    private func isUnknown(_ error: HTTPError?) -> Bool { if case .outcomeUnknown? = error { true } else { false } }

    @Test("what is sent arrives whole, whatever its method and size", arguments: ["GET", "PUT", "POST", "PATCH", "DELETE"], [0, 1, 70_000, 3_000_000])
    func arrives(method: String, bytes: Int) async throws {
        struct Echo: Decodable { let method: String, bytes: Int }
        let body = method == "GET" ? nil : [UInt8](repeating: 120, count: bytes)
        for send in [HTTPClient().send, HTTPPool(connections: 2).send] as [Sender] {
            let answer = try await send(HTTPRequest(method, url("/echo"), headers: ["Content-Type": "application/json"], body: body))
            let echo = try JSONDecoder().decode(Echo.self, from: Data(answer.body))
            #expect(echo.method == method)
            #expect(echo.bytes == (body?.count ?? 0))
        }
    }

    @Test("two hundred requests at once go over eight connections, each kept alive")
    func keptAlive() async throws {
        let before = try await counts()
        let pool = HTTPPool(connections: 8)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<200 { group.addTask { try await pool.send(HTTPRequest("POST", url("/echo"), body: Array("\(number)".utf8))).status } }
            for try await status in group { #expect(status == 200) }
        }
        let after = try await counts()
        #expect(after.requests - before.requests == 200)
        // Ours and the two that counted.
        #expect(after.connections - before.connections <= 8 + 2)
    }

    @Test("a slow answer holds up nobody else")
    func slowOne() async throws {
        let pool = HTTPPool(connections: 4)
        async let slow = pool.send(HTTPRequest("GET", url("/slow/1500")))
        let order = try await withThrowingTaskGroup(of: String.self) { group in
            let late = try await { try await pool.send(HTTPRequest("GET", url("/echo"))).status }()
            #expect(late == 200)
            group.addTask { "quick" }
            return try await group.next()
        }
        #expect(order == "quick")
        #expect(try await slow.text == "late")
    }

    @Test("headers of the answer are there in lower case, and Retry-After as seconds")
    func headers() async throws {
        let answer = try await HTTPClient().send(HTTPRequest("POST", url("/status/429"), body: []))
        #expect(answer.status == 429)
        #expect(answer.headers["x-twice"] == "yes")
        #expect(answer.retryAfterSeconds == 7)
    }

    @Test("nobody listening: nothing was sent")
    func unreachable() async throws {
        let request = HTTPRequest("POST", "http://127.0.0.1:1/", body: [1])
        for send in [HTTPClient().send, HTTPPool(connections: 1).send] as [Sender] {
            #expect(isUnreachable(await Self.failure(request, send)))
        }
    }

    @Test("an answer that breaks off, a connection closed without one, and one that never comes: the outcome is unknown", arguments: ["/cut", "/close", "/stall"])
    func unknown(path: String) async throws {
        let pool = HTTPPool(connections: 1)
        // The connection is warm, as it is in the middle of a copy.
        _ = try await pool.send(HTTPRequest("POST", url("/echo"), body: [1]))
        let error = await Self.failure(try HTTPRequest("POST", url(path), body: Array("once".utf8), timeoutMilliseconds: 400), pool.send)
        #expect(isUnknown(error), "\(String(describing: error))")
    }

    @Test("a request whose connection is closed under it is not sent a second time by itself")
    func sentOnce() async throws {
        let pool = HTTPPool(connections: 1)
        let before = try await counts().closed
        for _ in 0..<5 {
            _ = try await pool.send(HTTPRequest("POST", url("/echo"), body: [1]))
            _ = try? await pool.send(HTTPRequest("POST", url("/close"), body: Array("once".utf8)))
        }
        #expect(try await counts().closed - before == 5)
    }

    @Test("a request still waiting for a connection when its time is up was not sent")
    func waitingForAConnection() async throws {
        let pool = HTTPPool(connections: 1)
        let before = try await counts().requests
        async let first = pool.send(HTTPRequest("GET", url("/slow/1200")))
        try await Task.sleep(for: .milliseconds(200))
        let error = await Self.failure(try HTTPRequest("POST", url("/echo"), body: [1], timeoutMilliseconds: 300), pool.send)
        #expect(isUnreachable(error), "\(String(describing: error))")
        #expect(try await first.status == 200)
        #expect(try await counts().requests - before == 1)
    }

    @Test("a body longer than allowed is not taken")
    func tooLarge() async throws {
        await #expect(throws: HTTPError.tooLarge(limit: 1000)) { try await HTTPClient().send(HTTPRequest("GET", url("/big/2000"), answerLimit: 1000)) }
        #expect(try await HTTPClient().send(HTTPRequest("GET", url("/big/1000"), answerLimit: 1000)).body.count == 1000)
    }

    @Test("a cancelled request is given up at once, and says whether anything had been sent", arguments: [true, false])
    func cancelled(afterAWhile: Bool) async throws {
        let pool = HTTPPool(connections: 2)
        let request = try HTTPRequest("POST", url("/stall"), body: [1], timeoutMilliseconds: 60_000)
        let task = Task { await Self.failure(request, pool.send) }
        if afterAWhile { try await Task.sleep(for: .milliseconds(300)) }
        task.cancel()
        let error = await task.value
        #expect(afterAWhile ? isUnknown(error) : isUnreachable(error), "\(String(describing: error))")
        #expect(try await pool.send(HTTPRequest("GET", url("/echo"))).status == 200)
    }

    @Test("what is under way when its pool goes away fails, and nothing hangs", .timeLimit(.minutes(10)))
    func poolEnds() async throws {
        for _ in 0..<20 {
            let pool = HTTPPool(connections: 3)
            _ = try await pool.send(HTTPRequest("GET", url("/echo")))
        }
    }
}
