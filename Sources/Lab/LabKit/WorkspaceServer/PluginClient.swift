import Foundation
import Synchronization

/// Why the plugin did not do what it was asked.
enum PluginFailure: Error {
    case breakerOpen
    case neverSent
    case outcomeUnknown
    /// It answered 500 or more.
    case broken(status: Int)

    /// The plugin as a whole could not be reached, whatever was asked.
    var isUnreachable: Bool {
        if case .broken = self { false } else { true }
    }

    var reason: String {
        switch self {
        case .breakerOpen: "breaker_open"
        case .neverSent: "refused"
        case .outcomeUnknown: "no_answer"
        case .broken(let status): "status_\(status)"
        }
    }
}

/// The workspace server's client of the memory plugin: 2 seconds a call, behind a breaker.
final class PluginClient: Sendable {
    private let base: String
    private let lanes = LanePool(lanes: 8, label: "lab.workspace.plugin") { CurlClient() }
    private let breaker = Mutex(Breaker())
    private let ensured = Mutex<Set<String>>([])

    /// While it says `no-namespaces`, no namespace is put: the release that takes for granted that each is there.
    private let faultFile: String?

    init(base: String, faultFile: String? = nil) {
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.faultFile = faultFile
    }

    /// Stores a memory and answers its id; nil when the plugin refused it (4xx).
    /// A namespace is put once per process before its first memory, and again when the plugin seems not to know it.
    func commit(_ content: String, into namespace: String) async throws -> String? {
        let known = ensured.withLock { $0.contains(namespace) }
        if !known { try await ensure(namespace) }
        let body: JSONValue = ["content": .string(content), "kind": "fact", "source": "agent"]
        let path = "/v1/namespaces/\(URLText.encode(namespace))/memories"
        do {
            let answer = try await send("POST", path, body)
            if answer.status == 201 { return answer.json?["id"]?.string }
            guard known, answer.status == 404 else { return nil }
        } catch PluginFailure.broken(let status) {
            guard known else { throw PluginFailure.broken(status: status) }
        }
        try await ensure(namespace)
        return try await send("POST", path, body).json?["id"]?.string
    }

    /// Records the namespaces hold, best first.
    func search(_ namespaces: [String], query: String, limit: Int) async throws -> [JSONValue] {
        let answer = try await send(
            "POST", "/v1/search",
            ["namespaces": .array(namespaces.map(JSONValue.string)), "query": .string(query), "limit": JSONValue(limit)])
        return answer.json?["memories"]?.array ?? []
    }

    /// True when the record lay in one of the namespaces and is gone.
    func forget(_ id: String, from namespaces: [String]) async throws -> Bool {
        for namespace in namespaces {
            let answer = try await send(
                "DELETE", "/v1/memories/\(URLText.encode(id))", ["requested_by_namespace": .string(namespace)])
            if answer.status == 204 { return true }
        }
        return false
    }

    func drop(namespace: String) async throws {
        _ = try await send("DELETE", "/v1/namespaces/\(URLText.encode(namespace))", nil)
    }

    // MARK: - Non public

    private func ensure(_ namespace: String) async throws {
        if let faultFile, let fault = try? String(contentsOfFile: faultFile, encoding: .utf8), fault.hasPrefix("no-namespaces") { return }
        ensured.withLock { _ = $0.remove(namespace) }
        let kind = namespace.prefix { $0 != ":" }
        let answer = try await send(
            "PUT", "/v1/namespaces/\(URLText.encode(namespace))", ["kind": .string(String(kind))])
        if answer.status == 200 { ensured.withLock { _ = $0.insert(namespace) } }
    }

    private var now: Double { ProcessInfo.processInfo.systemUptime }

    private func send(_ method: String, _ path: String, _ body: JSONValue?) async throws -> WebAnswer {
        guard !breaker.withLock({ $0.isOpen(at: now) }) else { throw PluginFailure.breakerOpen }
        let call = WebCall(method: method, url: base + path, body: body?.text, timeoutMilliseconds: 2_000)
        do {
            let answer = try await lanes.run { try $0.send(call) }
            guard answer.status < 500 else { throw PluginFailure.broken(status: answer.status) }
            breaker.withLock { $0.succeeded() }
            return answer
        } catch {
            breaker.withLock { $0.failed(at: now) }
            switch error {
            case WebFailure.neverSent: throw PluginFailure.neverSent
            case WebFailure.outcomeUnknown: throw PluginFailure.outcomeUnknown
            default: throw error
            }
        }
    }
}
