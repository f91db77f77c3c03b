public import Cutover

/// A promise that the world keeps only by luck: that no mishap of this kind ever comes. To see that a broken promise is found and told shortly.
public struct Forbidden: Invariant {
    public let kind: Mishap.Kind
    public private(set) var violations: [String] = []
    public var name: String { "no \(kind.rawValue)" }

    public init(_ kind: Mishap.Kind) { self.kind = kind }

    public mutating func hear(_ event: Event, world: WorldView) {}
    public mutating func atEnd(_ world: WorldView) {}
    public mutating func after(_ happening: Happening, world: WorldView) {
        if case .mishap(let text) = happening.what, Mishap(text)?.kind == kind { violations.append(text) }
    }
}
