/// A memory as a client wants it stored.
struct MemoryWrite: Sendable {
    static let kinds = ["fact", "summary", "checkpoint"]
    static let sources = ["agent", "runtime", "user"]

    let id: String?
    let content: String
    let kind: String
    let source: String
    let expiresAt: String?
    let propagation: String?
    let pin: Bool
    let embedding: String?

    init(_ object: LenientObject) throws(PluginProblem) {
        let id = try object.string("id") ?? ""
        self.id = id.isEmpty ? nil : id
        content = try object.string("content") ?? ""
        kind = try object.string("kind") ?? ""
        source = try object.string("source") ?? ""
        expiresAt = try object.moment("expires_at")
        propagation = try object.objectText("propagation")
        pin = try object.bool("pin")
        embedding = try object.vector("embedding")
        guard !content.isBlank else { throw .badRequest("content must not be empty") }
        guard Self.kinds.contains(kind) else { throw .badRequest("invalid kind") }
        guard Self.sources.contains(source) else { throw .badRequest("invalid source") }
    }
}

/// What a client is looking for.
struct MemorySearch: Sendable {
    let namespaces: [String]
    let query: String
    let kinds: [String]
    let limit: Int
    let embedding: String?

    init(_ object: LenientObject) throws(PluginProblem) {
        namespaces = try object.strings("namespaces")
        query = try object.string("query") ?? ""
        kinds = try object.strings("kinds")
        let limit = try object.integer("limit") ?? 0
        embedding = try object.vector("embedding")
        guard !namespaces.isEmpty else { throw .badRequest("namespaces must not be empty") }
        guard namespaces.allSatisfy(NamespaceName.isValid) else { throw .badRequest("invalid namespace name") }
        guard (0...100).contains(limit) else { throw .badRequest("limit must be between 1 and 100") }
        guard kinds.allSatisfy(MemoryWrite.kinds.contains) else { throw .badRequest("invalid kind") }
        self.limit = limit == 0 ? 20 : limit
    }
}
