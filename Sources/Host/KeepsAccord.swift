import Cutover

/// What lies beside a host's ledger in another store, the tenant's database, so that either is seen that was put back without the other.
public protocol KeepsAccord: Sendable {
    /// Why ledger and store do not remember the same. Nil where they do, where nothing was noted yet, and where the store can't be asked.
    /// - Parameter isNew: the host was built anew: that only the store has something is no disagreement.
    func disagreement(on host: HostSight, isNew: Bool) async -> String?
    /// Notes in both that the operation was carried out. Killed at any moment, or failing, it leaves them in accord.
    func note(_ host: HostHand) async
    /// Lets both begin anew with the same memory. Answers what each had before.
    func settle(_ host: HostHand) async throws -> String
}

extension KeepsAccord {
    public func disagreement(on host: HostSight) async -> String? { await disagreement(on: host, isNew: false) }
}

extension HostOperationBook {
    /// What is asked before every operation that wants accord, and how a host is taken over.
    public mutating func keep(_ accord: any KeepsAccord) {
        self.accord = accord
        add(ReadHostLedger.self) { host in
            let ledger = OperationLedger(statePath: host.statePath)
            return ReadHostLedger.Result(journal: try ledger.bound(), fence: try ledger.highestFence(), disagreement: await accord.disagreement(on: host))
        }
        add(BindHost.self) { _ in BindHost.Result() }
        add(TakeHostOver.self) { host in TakeHostOver.Result(was: try await accord.settle(host)) }
    }
}

extension OperationLedger {
    /// Why the operation is not to be carried out; nil where host, database and journal remember the same, or nobody wants to know.
    ///
    /// A host that has carried nothing out yet contradicts nobody: it was built anew, and whoever asks about finished steps finds them gone. Nor
    /// does it as long as the journal remembers what it did before the host was built: what was done here since was cut short, or not heard of.
    func disagreement(_ request: HostRequest, _ accord: (any KeepsAccord)?, on host: HostSight) async throws(HostFault) -> String? {
        guard let asked = request.accord, let bound = try bound() else { return nil }
        if bound != request.journal { return "the host belongs to journal \(bound), and journal \(request.journal) asks" }
        // A stale writing operation is refused as such. Whoever only lost its lease can record nothing of this.
        let seen = try newestGrant()
        if request.operationClass == .reading, seen.fence > request.fence {
            return "the host has seen fence \(seen.fence), and the journal is at \(request.fence): the journal was put back to an older state"
        }
        if seen.isAnothers(than: request) { return "fence \(seen.fence) was granted to another holder, as the host has seen: the journal was put back to an older state" }
        let isNew = try isNew(to: asked)
        if let known = asked.remembers, !isNew, try !isDone(known) {
            return "the journal remembers operation \(known), and the host's ledger does not: the host was put back to an older state"
        }
        return await accord?.disagreement(on: host, isNew: isNew)
    }
}
