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

    private static let newline = UInt8(ascii: "\n")

    /// Every entry in order. Throws at the first line that does not continue the chain; a torn last line is left out.
    public func entries() throws(HostFault) -> [Entry] { try read().entries }

    /// Also how much of the file its entries are: less than all of it where the last line is torn.
    private func read() throws(HostFault) -> (entries: [Entry], whole: ArraySlice<UInt8>, bytes: [UInt8]) {
        guard let bytes = try HostMachine.here.disk.readOwn(path) else { return ([], [], []) }
        var known = KnownEvidence.of(path, in: bytes)
        while let stop = bytes[known.end...].firstIndex(of: Self.newline) {
            let line = bytes[known.end..<stop]
            known.add(line.isEmpty ? nil : try entry(line, after: known), upTo: stop + 1)
        }
        known.keep(bytes, of: path)
        let torn = bytes[known.end...]
        guard !torn.isEmpty, Self.parsed(torn) != nil else { return (known.entries, bytes[..<known.end], bytes) }
        return (known.entries + [try entry(torn, after: known)], bytes[...], bytes)
    }

    private func entry(_ line: ArraySlice<UInt8>, after known: KnownEvidence) throws(HostFault) -> Entry {
        guard let entry = Self.parsed(line) else { throw HostFault.said("\(path) line \(known.lines + 1) is not an entry") }
        let previous = known.entries.last?.hash ?? ""
        guard entry.previous == previous, entry.hash == Self.hash(entry.n, entry.at, entry.uptime, entry.boot, entry.kind, entry.facts, previous),
            entry.n == known.entries.count + 1
        else { throw HostFault.said("\(path) line \(known.lines + 1) does not continue the one before it: the ledger was changed") }
        return entry
    }

    private static func parsed(_ line: ArraySlice<UInt8>) -> Entry? { try? CanonicalJSON.value(Entry.self, from: String(decoding: line, as: UTF8.self)) }

    /// Adds an entry, durably, after the last one.
    @discardableResult
    public func append(_ kind: String, _ facts: [String: String]) async throws(HostFault) -> Entry {
        guard let lock = try await FileLock.take("\(path).lock", within: 60) else { throw HostFault.said("\(path) is locked") }
        defer { withExtendedLifetime(lock) {} }
        let facts = redaction?.clean(facts) ?? facts
        try DurableFile.settle((path as NSString).deletingLastPathComponent)
        let (before, whole, bytes) = try read()
        try mendTornEnd(whole, of: bytes)
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
    private func mendTornEnd(_ whole: ArraySlice<UInt8>, of bytes: [UInt8]) throws(HostFault) {
        guard let last = bytes.last, last != Self.newline else { return }
        let isEnded = whole.isEmpty || whole.last == Self.newline
        try DurableFile.write(String(decoding: whole, as: UTF8.self) + (isEnded ? "" : "\n"), to: path)
    }

    private static func hash(
        _ n: Int, _ at: Timestamp, _ uptime: Double, _ boot: String, _ kind: String, _ facts: [String: String], _ previous: String
    ) -> String {
        let parts = [String(n), at.description, String(uptime), boot, kind, previous] + facts.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
        return Digest.sha256(parts.map { "\($0.utf8.count):\($0)" }.joined(separator: ","))
    }
}
