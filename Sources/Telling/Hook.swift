public import Cutover

/// Somebody who is told: by a name, for that is all of him that is ever printed.
public struct Hook: Sendable {
    public let name: String
    /// What he is told of; nil: everything.
    let kinds: Set<Notice.Kind>?
    let door: any HookDoor

    public init(name: String, kinds: Set<Notice.Kind>?, door: any HookDoor) {
        self.name = name
        self.kinds = kinds
        self.door = door
    }

    func wants(_ notice: Notice) -> Bool { kinds?.contains(notice.kind) ?? true }
}

/// A way to tell somebody. What it says of a failure never holds the address.
public protocol HookDoor: Sendable {
    func tell(_ notice: Notice) async throws(HookTrouble)
}

/// Why somebody could not be told.
public struct HookTrouble: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    /// Telling the same again would come to the same.
    public let isFinal: Bool
    /// For how long he wants to be left alone, in seconds.
    public let leaveAlone: Double

    public init(_ description: String, isFinal: Bool = false, leaveAlone: Double = 0) {
        self.description = description
        self.isFinal = isFinal
        self.leaveAlone = leaveAlone
    }
}

/// What was told whom. Survives the process.
public protocol ToldRecord: Sendable {
    func read(_ hook: String) async throws -> Told?
    func write(_ told: Told, of hook: String) async throws
}

/// How far somebody has been told.
public struct Told: Sendable, Codable, Equatable {
    /// Everything in the journal before it.
    public var mark: JournalMark
    /// What was told lately, for things that several events tell of.
    public var topics: [String] = []

    /// More than what can be told twice within reach of one another.
    private static let most = 2000

    public init(mark: JournalMark, topics: [String] = []) {
        self.mark = mark
        self.topics = topics
    }

    mutating func add(_ topic: String) {
        topics.append(topic)
        if topics.count > Self.most { topics.removeFirst(topics.count - Self.most) }
    }
}
