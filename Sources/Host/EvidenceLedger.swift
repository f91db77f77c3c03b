public import Cutover
import Foundation

/// A host's own record of what it saw, one hash-chained line an entry. Needs no controller to go on.
public struct EvidenceLedger: Sendable {
    public struct Entry: Sendable, Codable, Equatable {
        public let n: Int
        /// UTC by the host's clock.
        public let at: Timestamp
        /// Seconds since boot and the boot's id: within one boot this clock cannot be set.
        public let uptime: Double
        public let boot: String
        public let kind: String
        public let facts: [String: String]
        public let previous: String
        public let hash: String
    }

    public let path: String
    private let redaction: Redaction?

    /// - Parameter redaction: what is not to be kept.
    public init(statePath: String, redaction: Redaction? = nil) {
        self.path = "\(statePath)/evidence.jsonl"
        self.redaction = redaction
    }

    /// Every entry in order. Throws at the first line that does not continue the chain; a torn last line is left out.
    public func entries() throws(HostFault) -> [Entry] {
        guard let text = try DurableFile.read(path, isOwn: true) else { return [] }
        var entries: [Entry] = []
        var previous = ""
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.isEmpty {
            guard let entry = try? CanonicalJSON.value(Entry.self, from: String(line)) else {
                if index == lines.count - 1 { break }
                throw HostFault.said("\(path) line \(index + 1) is not an entry")
            }
            guard entry.previous == previous, entry.hash == Self.hash(entry.n, entry.at, entry.uptime, entry.boot, entry.kind, entry.facts, previous),
                entry.n == entries.count + 1
            else { throw HostFault.said("\(path) line \(index + 1) does not continue the one before it: the ledger was changed") }
            entries.append(entry)
            previous = entry.hash
        }
        return entries
    }

    /// Adds an entry, durably, after the last one.
    @discardableResult
    public func append(_ kind: String, _ facts: [String: String]) async throws(HostFault) -> Entry {
        guard let lock = try await FileLock.take("\(path).lock", within: 10) else { throw HostFault.said("\(path) is locked") }
        defer { withExtendedLifetime(lock) {} }
        let facts = redaction?.clean(facts) ?? facts
        try DurableFile.settle((path as NSString).deletingLastPathComponent)
        let before = try entries()
        try mendTornEnd(before)
        let now = HostClock.now
        let previous = before.last?.hash ?? ""
        let hash = Self.hash(before.count + 1, now.at, now.uptime, now.boot, kind, facts, previous)
        let entry = Entry(n: before.count + 1, at: now.at, uptime: now.uptime, boot: now.boot, kind: kind, facts: facts, previous: previous, hash: hash)
        let line: String
        do { line = try CanonicalJSON.text(entry) } catch { throw HostFault.said("\(error)") }
        try DurableFile.append(line: line, to: path)
        return entry
    }

    /// A crash in the middle of an append leaves half a line without its newline; the next append must not continue it.
    private func mendTornEnd(_ entries: [Entry]) throws(HostFault) {
        guard let text = try DurableFile.read(path, isOwn: true), !text.isEmpty, !text.hasSuffix("\n") else { return }
        let whole = text.split(separator: "\n").prefix(entries.count).joined(separator: "\n")
        try DurableFile.write(whole.isEmpty ? "" : whole + "\n", to: path)
    }

    private static func hash(
        _ n: Int, _ at: Timestamp, _ uptime: Double, _ boot: String, _ kind: String, _ facts: [String: String], _ previous: String
    ) -> String {
        let parts = [String(n), at.description, String(uptime), boot, kind, previous] + facts.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
        return Digest.sha256(parts.map { "\($0.utf8.count):\($0)" }.joined(separator: ","))
    }
}
