/// A request as a desk sees it: the path decoded first and split afterwards, as the original servers do.
struct Asked: Sendable {
    let method: String
    /// Segments of the decoded path; nil when it is not one that can match (an empty segment, a trailing slash, a broken escape).
    let path: [String]?
    let query: [String: String]
    let bearer: String?
    let ifMatch: String?
    let body: [UInt8]

    static func segments(of rawPath: String) -> [String]? {
        guard let decoded = URLText.decode(rawPath), decoded.hasPrefix("/") else { return nil }
        let parts = decoded.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        return parts.contains("") ? nil : parts
    }

    static func parameters(of rawQuery: String?) -> [String: String] {
        var found: [String: String] = [:]
        for pair in (rawQuery ?? "").split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = URLText.decode(sides[0], plusIsSpace: true) else { continue }
            found[name] = sides.count > 1 ? URLText.decode(sides[1], plusIsSpace: true) ?? "" : ""
        }
        return found
    }
}

/// What a desk says back.
struct Answer: Sendable {
    var status: Int
    var contentType = "application/json"
    var body: String

    static func json(_ status: Int, _ value: JSONValue) -> Answer { Answer(status: status, body: value.text) }
    static func empty(_ status: Int) -> Answer { Answer(status: status, body: "") }
    static func text(_ status: Int, _ text: String) -> Answer {
        Answer(status: status, contentType: "text/plain; version=0.0.4", body: text)
    }
}

/// Something that answers requests.
protocol Desk: Sendable {
    func answer(_ asked: Asked) async -> Answer
}
