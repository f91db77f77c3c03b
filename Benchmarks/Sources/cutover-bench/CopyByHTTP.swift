import DataPath
import Foundation
import HTTP
import Postgres

/// The copy over HTTP against what the same plugin takes from a load generator that posts the same bodies and asks nothing, and
/// against a client that does one PUT and one POST a row, one after another. Rows a second; ours are read back.
struct CopyByHTTP: Bench {
    let name = "http-lane"
    private static let connections = [8, 32, 64]
    /// Enough for a rate: one after another, a hundred thousand would take minutes.
    private static let inSequence = 2000

    func measure(_ ground: Ground) async throws -> [Figure] {
        let best = try await bestConnections(ground)
        let pairs = try await paired(name) {
            try await withPlugin(ground) { try await CopyingByHTTP(url: $0, plugin: $1).rowsPerSecond() }
        } against: {
            try await withPlugin(ground) { try await Posting(url: $0, plugin: $1).rowsPerSecond(connections: best) }
        }
        var sequence = Pairs()
        for run in pairs.ours.indices {
            let rate = try await withPlugin(ground) { try await Posting(url: $0, plugin: $1).rowsPerSecondInSequence(Self.inSequence) }
            sequence.add("\(name)-sequential", run + 1, pairs.ours[run], rate)
        }
        return [Figure(name, pairs, unit: "rows/s", .atLeast(0.9)), Figure("\(name)-sequential", sequence, unit: "rows/s", .atLeast(4))]
    }

    private func bestConnections(_ ground: Ground) async throws -> Int {
        var best = (connections: 8, rate: 0.0)
        for connections in Self.connections {
            let rate = try await withPlugin(ground) { try await Posting(url: $0, plugin: $1, atMost: 20_000).rowsPerSecond(connections: connections) }
            tell("\(connections) connections post \(Int(rate)) rows/s")
            if rate > best.rate { best = (connections, rate) }
        }
        return best.connections
    }

    /// A fresh database, and the plugin at work on it.
    private func withPlugin(_ ground: Ground, _ body: (String, String) async throws -> Double) async throws -> Double {
        let url = try await ground.database("bench_http", capture: false)
        let plugin = try await PluginProcess.start(database: url)
        do {
            let rate = try await body(url, plugin.url)
            plugin.stop()
            return rate
        } catch {
            plugin.stop()
            throw error
        }
    }
}

/// Our copy over HTTP, in this process, until every row was read back and recorded.
struct CopyingByHTTP: Sendable {
    let url: String
    let plugin: String

    func rowsPerSecond() async throws -> Double {
        let settings = DataPathSettings(lane: .http)
        let control = try await PostgresConnection.connect(url, applicationName: "bench")
        try await Capture(settings).install(control)
        try await Control.restartCopy(fence: 0, chunkRows: 500, control)
        let store = PluginRecords(LaneSettings(lane: .http, plugin: plugin, most: 64))
        let writer = RemoteWriter(try await PostgresConnection.connect(url, applicationName: "bench-writer"), settings: settings, store: store, fence: 0)
        let time = try await seconds {
            try await writer.start()
            while true {
                let step = try await writer.step()
                if step.copyFinished, try await writer.isSettled() { break }
            }
        }
        await writer.stop()
        let placed = try await control.query("SELECT count(*) AS n FROM cutover.placed WHERE state = 'live'")[0].int("n")
        await control.close()
        return Double(placed) / time
    }
}

/// Posts what our copy posts, and believes every answer.
struct Posting: Sendable {
    let url: String
    let plugin: String
    var atMost = Int.max

    private struct Body: Sendable {
        let namespace: String
        let bytes: [UInt8]
    }

    func rowsPerSecond(connections: Int) async throws -> Double {
        let bodies = try await bodies()
        try await makeNamespaces(Set(bodies.map(\.namespace)))
        let pool = HTTPPool(connections: connections)
        let time = try await seconds {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for lane in 0..<connections {
                    group.addTask { for place in stride(from: lane, to: bodies.count, by: connections) { try await post(bodies[place], pool) } }
                }
                try await group.waitForAll()
            }
        }
        return Double(bodies.count) / time
    }

    func rowsPerSecondInSequence(_ rows: Int) async throws -> Double {
        let bodies = Array(try await bodies().prefix(rows))
        let pool = HTTPPool(connections: 1)
        let time = try await seconds {
            for body in bodies {
                try await makeNamespaces([body.namespace], pool)
                try await post(body, pool)
            }
        }
        return Double(bodies.count) / time
    }

    private func post(_ body: Body, _ pool: HTTPPool) async throws {
        let answer = try await pool.send(HTTPRequest("POST", "\(plugin)/v1/namespaces/\(body.namespace)/memories", headers: Self.json, body: body.bytes, timeoutMilliseconds: 30_000))
        guard answer.status == 201 else { throw Trouble("a post answered \(answer.status): \(answer.text)") }
    }

    private func makeNamespaces(_ names: Set<String>, _ pool: HTTPPool = HTTPPool(connections: 1)) async throws {
        for name in names {
            let kind = name.prefix { $0 != ":" }
            let answer = try await pool.send(HTTPRequest("PUT", "\(plugin)/v1/namespaces/\(name)", headers: Self.json, body: Array("{\"kind\":\"\(kind)\"}".utf8)))
            guard answer.status == 200 else { throw Trouble("a namespace answered \(answer.status)") }
        }
    }

    private static let json = ["Content-Type": "application/json"]

    private func bodies() async throws -> [Body] {
        let connection = try await PostgresConnection.connect(url, applicationName: "bench-bodies")
        let rows = try await connection.query(
            """
            SELECT m.name, jsonb_build_object('id', m.id, 'content', m.content, 'kind', 'fact', 'source', 'agent', 'propagation', jsonb_build_object('cutover',
                jsonb_build_object('owner', m.workspace_id, 'scope', m.scope, 'label', m.namespace, 'digest', encode(sha256(convert_to(m.content, 'UTF8')), 'hex'),
                'created_micros', (extract(epoch FROM m.created_at) * 1000000)::bigint::text, 'updated_micros', (extract(epoch FROM m.updated_at) * 1000000)::bigint::text)))
                || CASE WHEN m.embedding IS NULL THEN '{}' ELSE jsonb_build_object('embedding', m.embedding::text::jsonb) END AS body
            FROM (\(PlainCopy.rows)) m ORDER BY m.created_at LIMIT \(atMost)
            """)
        await connection.close()
        return try rows.map { Body(namespace: try $0.string("name"), bytes: Array(try $0.string("body").utf8)) }
    }
}
