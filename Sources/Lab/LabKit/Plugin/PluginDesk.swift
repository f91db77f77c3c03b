import Foundation

/// Routes and checks requests to the memory plugin.
struct PluginDesk: Desk {
    static let version = "1.0.0"
    static let capabilities: JSONValue = ["fts", "embedding", "ttl", "pin", "propagation"]

    let store: PluginStore
    var fault: PluginFault?
    /// A file that names the fault of the moment, so that one can come up and go while the plugin runs.
    var faultFile: String?

    func answer(_ asked: Asked) async -> Answer {
        let isHealth = asked.path == ["v1", "health"]
        do {
            if current == .broken, !isHealth { throw PluginProblem.broken("internal error") }
            var answer = try await route(asked)
            if current == .truncate, !isHealth { answer.body = String(answer.body.prefix(answer.body.count / 2)) }
            return answer
        } catch let problem as PluginProblem {
            return problem.answer
        } catch {
            LabLog.say("lab-plugin: \(asked.method) failed: \(error)")
            return PluginProblem.broken("internal error").answer
        }
    }

    // MARK: - Non public

    private var current: PluginFault? {
        guard let faultFile, let text = try? String(contentsOfFile: faultFile, encoding: .utf8) else { return fault }
        return PluginFault(rawValue: text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? fault
    }

    private func route(_ asked: Asked) async throws -> Answer {
        guard let path = asked.path, path.first == "v1" else { throw PluginProblem.notFound("no such route") }
        switch (asked.method, path.count, path.dropFirst().first, path.last) {
        case ("GET", 2, "health", _): return await health()
        case ("POST", 2, "search", _): return try await search(asked)
        case ("POST", 4, "namespaces", "memories"): return try await write(asked, namespace: try name(path[2]))
        case ("DELETE", 3, "memories", let id?): return try await deleteMemory(asked, id: id)
        case ("PUT", 3, "namespaces", let text?): return try await put(asked, namespace: try name(text))
        case ("PATCH", 3, "namespaces", let text?): return try await patch(asked, namespace: try name(text))
        case ("DELETE", 3, "namespaces", let text?): return try await deleteNamespace(try name(text))
        case (_, 3, "namespaces", _): throw PluginProblem.wrongMethod
        default: throw PluginProblem.notFound("no such route")
        }
    }

    private func name(_ text: String) throws(PluginProblem) -> String {
        guard NamespaceName.isValid(text) else { throw .badRequest("invalid namespace name") }
        return text
    }

    private func health() async -> Answer {
        let store = store
        let alive = await withTaskGroup(of: Bool.self) { group in
            group.addTask { (try? await store.ping()) != nil }
            group.addTask {
                try? await Task.sleep(for: .seconds(2))
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
        return .json(
            alive ? 200 : 503,
            [
                "status": .string(alive ? "ok" : "degraded"), "version": .string(Self.version),
                "capabilities": Self.capabilities,
            ])
    }

    private func put(_ asked: Asked, namespace: String) async throws -> Answer {
        let body = try LenientObject(asked.body)
        guard let kind = NamespaceKind(rawValue: try body.string("kind") ?? "") else {
            throw PluginProblem.badRequest("invalid kind")
        }
        let expires = try body.moment("expires_at")
        let metadata = try body.objectText("metadata")
        if current == .nullMetadata, metadata == nil { throw PluginProblem.broken("metadata: null value") }
        return .json(
            200, try await store.put(namespace: namespace, kind: kind.rawValue, expiresAt: expires, metadata: metadata))
    }

    private func patch(_ asked: Asked, namespace: String) async throws -> Answer {
        let body = try LenientObject(asked.body)
        let expires = try body.moment("expires_at")
        let metadata = try body.objectText("metadata")
        guard expires != nil || metadata != nil else { throw PluginProblem.badRequest("nothing to change") }
        guard let changed = try await store.patch(namespace: namespace, expiresAt: expires, metadata: metadata) else {
            throw PluginProblem.notFound("namespace not found")
        }
        return .json(200, changed)
    }

    private func deleteNamespace(_ namespace: String) async throws -> Answer {
        guard try await store.delete(namespace: namespace) else { throw PluginProblem.notFound("namespace not found") }
        return .empty(204)
    }

    private func write(_ asked: Asked, namespace: String) async throws -> Answer {
        let memory = try MemoryWrite(LenientObject(asked.body))
        let fault = current
        if fault == .nullMetadata, memory.propagation == nil { throw PluginProblem.broken("propagation: null value") }
        if fault == .notFound, try await !store.has(namespace) { throw PluginProblem.notFound("namespace not found") }
        if fault == .freshNamespace, try await !store.isUsed(namespace) { throw PluginProblem.broken("the namespace's row is missing") }
        let id = fault == .lie ? memory.id ?? UUID().uuidString.lowercased() : try await store.write(memory, into: namespace)
        return .json(201, ["id": .string(id), "namespace": .string(namespace)])
    }

    private func search(_ asked: Asked) async throws -> Answer {
        let found = try await store.search(MemorySearch(LenientObject(asked.body)))
        return .json(200, ["memories": current == .emptyList && found == .null ? .array([]) : found])
    }

    private func deleteMemory(_ asked: Asked, id: String) async throws -> Answer {
        let namespace = try name(LenientObject(asked.body).string("requested_by_namespace") ?? "")
        guard try await store.delete(memory: id, from: namespace) else { throw PluginProblem.notFound("memory not found") }
        return .empty(204)
    }
}
