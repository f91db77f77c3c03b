/// A value out of a plan file: YAML without its types' surprises.
public enum Setting: Sendable, Codable, Equatable {
    case bool(Bool), int(Int), text(String), list([Setting]), map([String: Setting])

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Bool.self) { self = .bool(value) }
        else if let value = try? container.decode(Int.self) { self = .int(value) }
        else if let value = try? container.decode(String.self) { self = .text(value) }
        else if let value = try? container.decode([Setting].self) { self = .list(value) }
        else { self = .map(try container.decode([String: Setting].self)) }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .bool(let value): try container.encode(value)
        case .int(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .map(let value): try container.encode(value)
        }
    }
}

/// What a plan says under a step's `with:`.
public struct Settings: Sendable, Codable, Equatable {
    public let values: [String: Setting]

    public init(_ values: [String: Setting] = [:]) { self.values = values }
    public init(from decoder: any Decoder) throws { self.values = try decoder.singleValueContainer().decode([String: Setting].self) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(values)
    }

    /// Nil when the key is missing or not a scalar.
    public func text(_ key: String) -> String? {
        switch values[key] {
        case .text(let value): value
        case .int(let value): String(value)
        case .bool(let value): String(value)
        default: nil
        }
    }

    public func int(_ key: String) -> Int? { if case .int(let value) = values[key] { value } else { nil } }
    public func bool(_ key: String) -> Bool? { if case .bool(let value) = values[key] { value } else { nil } }
    /// A short-form duration (`90s`, `15m`, `24h`, `30d`) in seconds.
    public func seconds(_ key: String) -> Int? { text(key).flatMap { Duration(shortForm: $0) }.map { Int($0.components.seconds) } }
    /// Like `seconds`, to the millisecond: `250ms` as well.
    public func milliseconds(_ key: String) -> Int? {
        text(key).flatMap { Duration(shortForm: $0) }.map { Int($0.components.seconds) * 1000 + Int($0.components.attoseconds / 1_000_000_000_000_000) }
    }
    public func list(_ key: String) -> [Setting] { if case .list(let value) = values[key] { value } else { [] } }
    public func map(_ key: String) -> [String: Setting] { if case .map(let value) = values[key] { value } else { [:] } }
}

extension Duration {
    /// Longer than a hundred years is no duration: moments that far away can't be reckoned with.
    private static let longestSeconds = 36_525 * 86_400

    /// Nil unless `text` is a whole number followed by one of `ms`, `s`, `m`, `h`, `d`.
    public init?(shortForm text: String) {
        if text.hasSuffix("ms") {
            guard let count = Int(text.dropLast(2)), count >= 0, count / 1000 <= Self.longestSeconds, text.first?.isNumber == true else { return nil }
            self = .milliseconds(count)
            return
        }
        let unitSeconds: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ unitSeconds[$0] }),
            let count = Int(text.dropLast()), count >= 0, text.first?.isNumber == true,
            count <= Self.longestSeconds / unit
        else { return nil }
        self = .seconds(count * unit)
    }
}
