import Crypto
import DataPath
import Foundation
public import HTTP

/// One bucket of an S3-compatible store, addressed by path, with every request's body signed.
///
/// A refusal that may pass (500, 503, 429, a stalled or broken connection) is tried again with growing pauses; every
/// request is one that may be repeated.
public struct S3Bucket: Sendable {
    public let endpoint: String
    public let bucket: String
    private let client: SignedClient
    /// Before the second attempt; doubles with each further one.
    private let pauseMilliseconds: Int
    private let attempts: Int

    public init(
        endpoint: String?, bucket: String, keys: SigningKeys, pauseMilliseconds: Int = 500, attempts: Int = 6, stallSeconds: Int = 30
    ) {
        self.endpoint = (endpoint ?? "https://s3.\(keys.region).amazonaws.com").trimmingSuffix("/")
        self.bucket = bucket
        client = SignedClient(keys, stallSeconds: stallSeconds)
        self.pauseMilliseconds = pauseMilliseconds
        self.attempts = attempts
    }

    /// Throws `.archive` on any answer but one in `expecting`.
    func send(
        _ method: String, _ key: String, query: [(String, String?)] = [], headers: [String: String] = [:], body: [UInt8] = [], expecting: Set<Int>
    ) async throws -> SignedResponse {
        var pause = pauseMilliseconds
        var last = ""
        let digest = SHA256.hash(data: body).map { String(format: "%02x", $0) }.joined()
        for attempt in 1...attempts {
            do {
                let answer = try await client.send(method, url(key, query), headers: headers, body: body, bodySHA256: digest)
                if expecting.contains(answer.status) { return answer }
                last = "\(answer.status)\(Self.code(answer).map { " \($0)" } ?? "")"
                guard answer.status >= 500 || answer.status == 429 || Self.code(answer) == "RequestTimeout" else { break }
            } catch {
                switch error {
                case .unreachable(let text), .outcomeUnknown(let text): last = text
                case .tooLarge: throw DataPathError.archive("s3://\(bucket)/\(key): the answer is longer than what was asked for")
                }
            }
            if attempt < attempts { try await Task.sleep(for: .milliseconds(pause + Int.random(in: 0...pause))) }
            pause *= 2
        }
        throw DataPathError.archive("s3://\(bucket)/\(key): \(method) was answered with \(last)")
    }

    /// The text between the first pair of tags of that name.
    static func tag(_ name: String, in text: Substring) -> String? {
        guard let open = text.range(of: "<\(name)>"), let close = text.range(of: "</\(name)>", range: open.upperBound..<text.endIndex) else { return nil }
        return String(text[open.upperBound..<close.lowerBound]).replacing("&quot;", with: "\"").replacing("&lt;", with: "<").replacing("&gt;", with: ">")
            .replacing("&amp;", with: "&")
    }

    static func tags(_ name: String, in text: String) -> [Substring] {
        text.split(separator: "<\(name)>").dropFirst().map { $0.prefix(upTo: $0.range(of: "</\(name)>")?.lowerBound ?? $0.endIndex) }
    }

    /// The store's own word for what was wrong.
    private static func code(_ answer: SignedResponse) -> String? {
        tag("Code", in: answer.text[...]).map { String($0.filter { $0.isLetter || $0.isNumber }.prefix(60)) }
    }

    /// The query sorted by name, as the signature wants it.
    private func url(_ key: String, _ query: [(String, String?)]) -> String {
        let words = query.sorted { $0.0 < $1.0 }.map { "\(Self.escaped($0.0, ""))=\(Self.escaped($0.1 ?? "", ""))" }
        let path = "\(endpoint)/\(Self.escaped(bucket, ""))\(key.isEmpty ? "" : "/")\(Self.escaped(key, "/"))"
        return words.isEmpty ? path : "\(path)?\(words.joined(separator: "&"))"
    }

    private static func escaped(_ text: String, _ kept: String) -> String {
        let plain = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~\(kept)".utf8)
        return text.utf8.map { plain.contains($0) ? String(UnicodeScalar($0)) : String(format: "%%%02X", $0) }.joined()
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String { hasSuffix(suffix) ? String(dropLast(suffix.count)) : self }
}
