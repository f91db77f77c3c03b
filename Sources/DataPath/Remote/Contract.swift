import Foundation
import HTTP

/// What is said to the plugin and how its answers are read.
enum Contract {
    static let headers = ["Content-Type": "application/json"]
    /// A search shows no more, and there are no pages.
    static let mostFound = 100

    static func write(_ record: SentRecord) -> [UInt8] {
        var body: [UInt8] = Array("{\"id\":\"\(record.id.uuidString.lowercased())\",\"content\":".utf8)
        body.reserveCapacity(record.content.utf8.count + record.propagation.utf8.count + (record.embedding?.utf8.count ?? 0) + 200)
        JSONNode.quote(record.content, to: &body)
        let kept = record.kept
        body.append(contentsOf: ",\"kind\":\"\(kept?.kind ?? "fact")\",\"source\":\"\(kept?.source ?? "agent")\"".utf8)
        if kept?.pin == true { body.append(contentsOf: ",\"pin\":true".utf8) }
        if let expires = kept?.expiresAt {
            body.append(contentsOf: ",\"expires_at\":".utf8)
            JSONNode.quote(expires, to: &body)
        }
        body.append(contentsOf: ",\"propagation\":".utf8)
        body.append(contentsOf: propagation(record).utf8)
        if let embedding = record.embedding { body.append(contentsOf: ",\"embedding\":\(embedding)".utf8) }
        body.append(UInt8(ascii: "}"))
        return body
    }

    static func forget(_ namespace: String) -> [UInt8] { object(["requested_by_namespace": .text(namespace)]) }

    /// The kind alone: a PUT with more would say more than v1 knows.
    static func namespace(_ name: String) -> [UInt8] {
        let prefix = String(name.prefix { $0 != ":" })
        return object(["kind": .text(["workspace", "team", "org"].contains(prefix) ? prefix : "custom")])
    }

    static func search(_ namespace: String, limit: Int, query: String? = nil, embedding: String? = nil) -> [UInt8] {
        var body: [UInt8] = Array("{\"namespaces\":[\"\(namespace)\"],\"limit\":\(limit)".utf8)
        if let query {
            body.append(contentsOf: ",\"query\":".utf8)
            JSONNode.quote(query, to: &body)
        }
        if let embedding { body.append(contentsOf: ",\"embedding\":\(embedding)".utf8) }
        body.append(UInt8(ascii: "}"))
        return body
    }

    /// Searches that should show the record, besides the newest first.
    static func questions(for sought: Sought, in namespace: String) -> [[UInt8]] {
        let words = sought.content.map(Self.words) ?? ""
        return (words.utf8.count >= 2 ? [search(namespace, limit: mostFound, query: words)] : [])
            + (sought.embedding.map { [search(namespace, limit: 10, embedding: $0)] } ?? [])
    }

    /// The longest words of a text: what a full text search finds it by. Only whole ones of letters or digits: what the text search
    /// makes of an address or a path is not the sum of its parts.
    static func words(_ content: String) -> String {
        var words: [Substring] = []
        for piece in content.split(whereSeparator: \.isWhitespace).prefix(2000) {
            let word = piece.drop { ".,;:!?()\"'[]«»".contains($0) }
            let bare = word.lastIndex { !".,;:!?()\"'[]«»".contains($0) }.map { word[...$0] } ?? ""
            guard bare.count >= 3 || bare.utf8.count >= 3, bare.count <= 60, bare.allSatisfy(\.isLetter) || bare.allSatisfy(\.isNumber), !words.contains(bare) else { continue }
            words.append(bare)
        }
        return words.sorted { $0.utf8.count > $1.utf8.count }.prefix(6).joined(separator: " ")
    }

    /// The answer to a write names this record.
    static func created(_ body: [UInt8], is record: SentRecord) -> Bool {
        guard let node = try? JSONParser.parse(body), case .text(let id)? = node["id"], id.lowercased() == record.id.uuidString.lowercased() else { return false }
        if case .text(let namespace)? = node["namespace"] { return namespace == record.namespace }
        return true
    }

    /// Nil when the answer is not one. An empty result may be null, an empty list, or not be there.
    static func found(_ body: [UInt8]) -> [FoundRecord]? {
        guard let node = try? JSONParser.parse(body), case .object = node else { return nil }
        guard case .array(let items)? = node["memories"] else {
            return node["memories"] == nil || node["memories"] == .null ? [] : nil
        }
        var records: [FoundRecord] = []
        for item in items {
            guard let record = record(item) else { return nil }
            records.append(record)
        }
        return records
    }

    static func saysUnknownNamespace(_ answer: HTTPResponse) -> Bool {
        let text = answer.text.lowercased()
        return ["foreign key", "23503", "namespace not found", "unknown namespace", "no such namespace"].contains { text.contains($0) }
    }

    /// Status and message of a refusal, short.
    static func problem(_ answer: HTTPResponse) -> String {
        guard let node = try? JSONParser.parse(answer.body), case .text(let message)? = node["message"] else { return "the plugin answered \(answer.status)" }
        return "the plugin answered \(answer.status): \(message.prefix(200))"
    }

    // MARK: - Non public

    private static func object(_ fields: KeyValuePairs<String, JSONNode>) -> [UInt8] {
        var body: [UInt8] = []
        JSONNode.object(fields.map { JSONNode.Member(name: $0.key, value: $0.value) }).write(to: &body)
        return body
    }

    private static func propagation(_ record: SentRecord) -> String {
        guard case .object(let others)? = record.kept?.propagation, let ours = try? JSONParser.parse(Array(record.propagation.utf8)), case .object(let members) = ours
        else { return record.propagation }
        return JSONNode.object(others.filter { other in !members.contains { $0.name == other.name } } + members).text
    }

    private static func record(_ node: JSONNode) -> FoundRecord? {
        guard case .text(let id)? = node["id"], let id = UUID(uuidString: id), case .text(let namespace)? = node["namespace"],
            case .text(let content)? = node["content"], case .text(let kind)? = node["kind"], case .text(let source)? = node["source"]
        else { return nil }
        var expires: String?
        if case .text(let text)? = node["expires_at"] { expires = text }
        return FoundRecord(
            id: id, namespace: namespace, content: content, kind: kind, source: source, pin: node["pin"] == .bool(true), expiresAt: expires,
            propagation: node["propagation"] ?? .null)
    }
}
