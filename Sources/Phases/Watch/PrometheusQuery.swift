import Foundation
import HTTP

/// A series of a Prometheus server that every sample looks at, as the plan names it. Out of bounds, or without an answer, the clock pauses: it
/// says nothing about the memories themselves.
struct PrometheusQuery: Sendable, Codable, Equatable {
    let url: String
    let query: String
    let atMost: Double?
    let atLeast: Double?

    struct Failure: Error, CustomStringConvertible { let description: String }

    /// The value, as it was given. Throws unless it is one number within the bounds.
    func value() async throws -> String {
        let answer: HTTPResponse
        do {
            let asked = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            answer = try await HTTPClient().send(HTTPRequest("GET", "\(url)/api/v1/query?query=\(asked)", timeoutMilliseconds: 5000, answerLimit: 1 << 20))
        } catch { throw Failure(description: "Prometheus did not answer: \(error)") }
        guard answer.status == 200 else { throw Failure(description: "Prometheus answered \(answer.status) to \(query)") }
        return try judge(answer.body)
    }

    /// - Parameter body: a vector or a scalar of the HTTP API's version 1. Of several series all must be within the bounds.
    func judge(_ body: [UInt8]) throws(Failure) -> String {
        guard let found = (try? JSONDecoder().decode(Answer.self, from: Data(body)))?.data.values, !found.isEmpty else {
            throw Failure(description: "\(query) has no value")
        }
        for text in found {
            guard let number = Double(text), number.isFinite else { throw Failure(description: "\(query) is \(text)") }
            if let atMost, number > atMost { throw Failure(description: "\(query) is \(text), and at most \(atMost) is allowed") }
            if let atLeast, number < atLeast { throw Failure(description: "\(query) is \(text), and at least \(atLeast) is wanted") }
        }
        return found.joined(separator: " ")
    }

    private struct Answer: Decodable {
        let data: Values
    }

    /// `[time, "value"]` of a scalar, or of each series of a vector.
    private struct Values: Decodable {
        enum Key: String, CodingKey { case resultType, result }
        struct Series: Decodable { let value: Point }
        struct Point: Decodable {
            let text: String
            init(from decoder: any Decoder) throws {
                var parts = try decoder.unkeyedContainer()
                _ = try parts.decode(Double.self)
                text = try parts.decode(String.self)
            }
        }
        let values: [String]
        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            switch try container.decode(String.self, forKey: .resultType) {
            case "vector": values = try container.decode([Series].self, forKey: .result).map(\.value.text)
            case "scalar": values = [try container.decode(Point.self, forKey: .result).text]
            default: values = []
            }
        }
    }
}
