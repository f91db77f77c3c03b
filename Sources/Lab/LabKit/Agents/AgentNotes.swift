import Synchronization

/// What agents saw that is odd and no loss: counted, and printed now and then.
final class AgentNotes: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    func note(_ what: String) { counts.withLock { $0[what, default: 0] += 1 } }

    var line: String {
        counts.withLock { $0 }.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
}
