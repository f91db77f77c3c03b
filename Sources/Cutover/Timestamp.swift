import Foundation

/// A moment in UTC, to the millisecond, so that what is hashed is exactly what is shown.
public struct Timestamp: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Nil unless `text` is RFC 3339 in UTC with milliseconds, the form that `description` writes.
    public init?(_ text: String) {
        guard let date = try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text) else { return nil }
        self.milliseconds = Int64((date.timeIntervalSince1970 * 1000).rounded())
    }

    public var description: String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000)
            .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let parsed = Timestamp(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a UTC time with milliseconds: \(text)")
        }
        self = parsed
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    public func adding(seconds: Int) -> Timestamp { Timestamp(milliseconds: milliseconds + Int64(seconds) * 1000) }
    /// Seconds from `earlier` to here; negative when `earlier` is later.
    public func seconds(since earlier: Timestamp) -> Double { Double(milliseconds - earlier.milliseconds) / 1000 }

    public static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }
}

/// The only clock the engine knows.
public protocol TimeSource: Sendable {
    var now: Timestamp { get }
    func sleep(milliseconds: Int) async throws(CancellationError)
}

/// The only source of chance the engine knows.
public protocol RandomSource: Sendable {
    func bytes(_ count: Int) -> [UInt8]
}
