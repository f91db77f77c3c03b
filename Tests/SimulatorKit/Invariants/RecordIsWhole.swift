public import Cutover
import Foundation
import Host

/// Promise 11: the record can't be edited unseen: each entry continues the one before it, in the journal and on the hosts.
public struct RecordIsWhole: Invariant, JudgesRecord {
    public let name = "the record is one chain"
    public var violations: [String] { notes.all }
    var notes = Notes()
    var forgetful: Self { Self() }
    private var heads: [StreamID: (revision: Int, hash: String)] = [:]

    public init() {}

    public mutating func hear(_ event: Event, world: WorldView) {
        let head = heads[event.stream]
        if event.revision != (head?.revision ?? 0) + 1 { notes.add("\(event.stream): revision \(event.revision) after \(head?.revision ?? 0)", event) }
        if let head, head.hash != event.previous { notes.add("\(event.stream): entry \(event.revision) does not continue the one before it", event) }
        if EventRecord(event).computedHash != event.hash { notes.add("\(event.stream): entry \(event.revision) is not what its hash says", event) }
        heads[event.stream] = (event.revision, event.hash)
    }

    public mutating func after(_ happening: Happening, world: WorldView) {}

    /// A torn last line is what a crash may leave.
    public mutating func atEnd(_ world: WorldView) {
        for host in world.fleet.tenants {
            guard let text = world.files(host.id)["\(host.state)/evidence.jsonl"] else { continue }
            judge(host.id, text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init), world)
        }
    }

    private mutating func judge(_ tenant: TenantID, _ lines: [String], _ world: WorldView) {
        var previous = ""
        for (index, line) in lines.enumerated() where !line.isEmpty {
            guard let entry = try? CanonicalJSON.value(EvidenceLedger.Entry.self, from: line) else {
                return notes.add("\(tenant): line \(index + 1) of the host's ledger can't be read", at: "\(world.now)")
            }
            if entry.previous != previous { return notes.add("\(tenant): line \(index + 1) of the host's ledger does not continue the one before it", at: "\(world.now)") }
            previous = entry.hash
        }
    }
}
