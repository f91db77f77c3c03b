import Foundation
import Synchronization

/// What this process has read of a host's evidence ledger and found whole. A file that still begins with the very same bytes need not be gone
/// through again from its start; of one in which any of them is another, nothing counts as known. So nobody has to be trusted to say that it changed.
struct KnownEvidence: Sendable {
    private(set) var entries: [EvidenceLedger.Entry] = []
    /// How many lines of the file that is, and how many bytes.
    private(set) var lines = 0
    private(set) var end = 0
    private var bytes: [UInt8] = []

    private static let ledgers = Mutex<[String: KnownEvidence]>([:])
    /// A host's program reads one tenant's.
    private static let mostLedgers = 64

    static func of(_ path: String, in bytes: [UInt8]) -> KnownEvidence {
        guard let known = ledgers.withLock({ $0[path] }), known.end > 0, known.end <= bytes.count else { return KnownEvidence() }
        let isSame = known.bytes.withUnsafeBytes { before in
            bytes.withUnsafeBytes { now in
                guard let before = before.baseAddress, let now = now.baseAddress else { return false }
                return memcmp(before, now, known.end) == 0
            }
        }
        return isSame ? known : KnownEvidence()
    }

    /// One more line of the file, which ends there; without an entry where nothing stands in it.
    mutating func add(_ entry: EvidenceLedger.Entry?, upTo end: Int) {
        if let entry { entries.append(entry) }
        lines += 1
        self.end = end
    }

    /// For whoever reads the same file next.
    func keep(_ bytes: [UInt8], of path: String) {
        var known = self
        known.bytes = bytes
        Self.ledgers.withLock { ledgers in
            if ledgers.count >= Self.mostLedgers, ledgers[path] == nil { ledgers = [:] }
            ledgers[path] = known
        }
    }
}
