import Foundation
import HTTP

/// The memory plugin's HTTP contract, as its clients see it.
struct PluginClient: Sendable {
    struct Health: Sendable, Codable, Equatable {
        let status: String
        let version: String
        let capabilities: [String]

        /// What the migration needs and it does not have; nil where it has all.
        var lacking: String? {
            let missing = PluginClient.neededCapabilities.filter { !capabilities.contains($0) }
            let told = [
                version == PluginClient.contractVersion ? nil : "contract version \(version) is not \(PluginClient.contractVersion)",
                missing.isEmpty ? nil : "it lacks \(missing.joined(separator: ", "))",
            ].compactMap { $0 }
            return told.isEmpty ? nil : told.joined(separator: "; ")
        }
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What the migration needs the plugin to be able to do.
    static let neededCapabilities = ["embedding", "fts", "pin", "propagation", "ttl"]
    static let contractVersion = "1.0.0"

    let base: String
    private let http = HTTPClient()

    init(listen: String) { self.init(base: "http://\(listen)") }
    init(base: String) { self.base = base }

    func health() async throws -> Health {
        let answer = try await http.send(HTTPRequest("GET", "\(base)/v1/health", timeoutMilliseconds: 3000))
        guard answer.status == 200 else { throw Failure(description: "health answered \(answer.status)") }
        return try JSONDecoder().decode(Health.self, from: Data(answer.body))
    }

    func putNamespace(_ name: String, kind: String) async throws {
        try expect(200, try await send("PUT", "/v1/namespaces/\(name)", ["kind": .text(kind)]), "the namespace")
    }

    func deleteNamespace(_ name: String) async throws {
        let answer = try await send("DELETE", "/v1/namespaces/\(name)", nil)
        guard answer.status == 204 || answer.status == 404 else { throw Failure(description: "deleting a namespace answered \(answer.status)") }
    }

    /// The id of the new memory.
    func commit(_ content: String, in namespace: String, propagation: [String: String]?) async throws -> String {
        var body: [String: Field] = ["content": .text(content), "kind": .text("fact"), "source": .text("runtime")]
        if let propagation { body["propagation"] = .object(propagation) }
        let answer = try await send("POST", "/v1/namespaces/\(namespace)/memories", body)
        try expect(201, answer, propagation == nil ? "a commit without metadata" : "a commit with metadata")
        struct Created: Decodable { let id: String }
        return try JSONDecoder().decode(Created.self, from: Data(answer.body)).id
    }

    /// The ids that a search in one namespace finds.
    func search(_ query: String, in namespace: String) async throws -> [String] { try await ranked(query, in: namespace).map(\.id) }

    /// The same, best first, with the scores it gives; at most 100.
    func ranked(_ query: String, in namespace: String) async throws -> [RankedMemory] { try await found(["query": .text(query)], namespace) }

    /// Those nearest to an embedding, nearest first, with the scores it gives; at most 100.
    func ranked(_ embedding: [Double], in namespace: String) async throws -> [RankedMemory] { try await found(["embedding": .numbers(embedding)], namespace) }

    /// What a namespace shows to whoever asks for nothing in particular, newest first; at most 100, and nothing of one that is not there.
    func newest(in namespace: String) async throws -> [ListedMemory] { try await found([:], namespace) }

    struct ListedMemory: Sendable, Decodable {
        let id: String
        let content: String
    }

    private func found<Memory: Decodable>(_ wanted: [String: Field], _ namespace: String) async throws -> [Memory] {
        let answer = try await send("POST", "/v1/search", wanted.merging(["namespaces": .list([namespace]), "limit": .number(100)]) { own, _ in own })
        try expect(200, answer, "a search")
        return try JSONDecoder().decode(Found<Memory>.self, from: Data(answer.body)).memories ?? []
    }

    private struct Found<Memory: Decodable>: Decodable {
        // An empty result is null, not [].
        let memories: [Memory]?
    }

    func forget(_ id: String, in namespace: String) async throws {
        try expect(204, try await send("DELETE", "/v1/memories/\(id)", ["requested_by_namespace": .text(namespace)]), "a forget")
    }

    private func send(_ method: String, _ path: String, _ body: [String: Field]?) async throws -> HTTPResponse {
        let bytes = try body.map { Array(try JSONEncoder().encode($0)) }
        return try await http.send(HTTPRequest(method, base + path, headers: ["Content-Type": "application/json"], body: bytes))
    }

    private func expect(_ status: Int, _ answer: HTTPResponse, _ what: String) throws {
        guard answer.status == status else { throw Failure(description: "\(what) answered \(answer.status), not \(status)") }
    }

    private enum Field: Encodable {
        case text(String), list([String]), object([String: String]), number(Int), numbers([Double])
        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let value): try container.encode(value)
            case .list(let value): try container.encode(value)
            case .object(let value): try container.encode(value)
            case .number(let value): try container.encode(value)
            case .numbers(let value): try container.encode(value)
            }
        }
    }
}
