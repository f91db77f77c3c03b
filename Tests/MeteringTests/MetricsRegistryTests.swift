import CoreMetrics
import HTTP
import Synchronization
import Testing

@testable import Metering

@Suite("metrics as Prometheus reads them") struct MetricsRegistryTests {
    @Test("the text is the format 0.0.4, in order, with what would break a line spelled out")
    func text() {
        let registry = MetricsRegistry()
        registry.describe("jobs_total", "How many jobs;\nby kind \\ outcome.")
        Counter(label: "jobs_total", dimensions: [("outcome", "ok"), ("kind", "a \"b\"\\\nc")], factory: registry).increment(by: 2)
        Counter(label: "jobs_total", dimensions: [("kind", "a \"b\"\\\nc"), ("outcome", "ok")], factory: registry).increment()
        Counter(label: "jobs_total", dimensions: [("kind", "b")], factory: registry).increment(by: 40)
        Gauge(label: "9.temp-now", factory: registry).record(2.5)
        Gauge(label: "9.temp-now", factory: registry).record(-1.25)
        FloatingPointCounter(label: "seconds_total", factory: registry).increment(by: 0.5)
        Meter(label: "queue", factory: registry).set(7)
        Recorder(label: "sizes", factory: registry).record(3)
        Recorder(label: "sizes", factory: registry).record(5)
        Timer(label: "took", factory: registry).recordNanoseconds(1_500_000_000)
        #expect(registry.text == #"""
            # TYPE _9_temp_now gauge
            _9_temp_now -1.25
            # HELP jobs_total How many jobs;\nby kind \\ outcome.
            # TYPE jobs_total counter
            jobs_total{kind="a \"b\"\\\nc",outcome="ok"} 3
            jobs_total{kind="b"} 40
            # TYPE queue gauge
            queue 7
            # TYPE seconds_total counter
            seconds_total 0.5
            # TYPE sizes summary
            sizes_sum 8
            sizes_count 2
            # TYPE took_seconds summary
            took_seconds_sum 1.5
            took_seconds_count 1

            """#)
    }

    @Test("numbers that have no digits have words", arguments: [(Double.infinity, "+Inf"), (-Double.infinity, "-Inf"), (Double.nan, "NaN"), (0, "0"), (1e15, "1000000000000000"), (0.1, "0.1")])
    func numbers(value: Double, text: String) { #expect(PrometheusText.number(value) == text) }

    @Test("only what this machine alone can reach counts as loopback")
    func addresses() {
        for text in ["127.0.0.1:9464", "[::1]:9464", "localhost:0", "127.8.9.1:1"] { #expect(MetricsAddress(text)?.isLoopback == true, "\(text)") }
        for text in ["0.0.0.0:9464", "[::]:9464", "example.org:80", "127.evil.org:80", "10.0.0.1:1"] { #expect(MetricsAddress(text)?.isLoopback == false, "\(text)") }
        for text in ["9464", ":9464", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "::1:9464", ""] { #expect(MetricsAddress(text) == nil, "\(text)") }
        #expect(MetricsAddress("[::1]:9464")?.description == "[::1]:9464")
    }

    @Test("they are scraped by HTTP, at /metrics and nowhere else, and only read", .timeLimit(.minutes(10)))
    func scrape() async throws {
        let scrapes = Mutex(0)
        let front = MetricsFront(address: try #require(MetricsAddress("127.0.0.1:0"))) {
            "scraped \(scrapes.withLock { count in count += 1; return count })\n"
        }
        let (ports, tell) = AsyncStream.makeStream(of: Int.self)
        let serving = Task { try await front.serve { tell.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        let client = HTTPClient()
        func ask(_ method: String, _ path: String) async throws -> HTTPResponse { try await client.send(HTTPRequest(method, "http://127.0.0.1:\(port)\(path)")) }
        for number in 1...2 {
            let answer = try await ask("GET", "/metrics")
            #expect(answer.status == 200 && answer.text == "scraped \(number)\n" && answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        }
        #expect(try await ask("GET", "/").status == 404)
        #expect(try await ask("POST", "/metrics").status == 405)
        serving.cancel()
        _ = await serving.result
        await #expect(throws: HTTPError.self) { _ = try await ask("GET", "/metrics") }
    }

    @Test("an address that is taken is told as an error", .timeLimit(.minutes(10)))
    func taken() async throws {
        let (ports, tell) = AsyncStream.makeStream(of: Int.self)
        let first = Task { try await MetricsFront(address: MetricsAddress(host: "127.0.0.1", port: 0)) { "" }.serve { tell.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        await #expect(throws: (any Error).self) { try await MetricsFront(address: MetricsAddress(host: "127.0.0.1", port: port)) { "" }.serve { _ in } }
        first.cancel()
        _ = await first.result
    }
}
