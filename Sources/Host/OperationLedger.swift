import Cutover
import Foundation

/// Remembers on the host which operations were begun and ended, which journal it belongs to, and the highest fence it has seen.
struct OperationLedger: Sendable {
    let statePath: String

    private var operations: String { "\(statePath)/ops" }
    private var binding: String { "\(statePath)/journal" }
    private var highest: String { "\(statePath)/fence" }
    /// What the journal remembered of this host when the ledger began.
    private var before: String { "\(statePath)/before" }
    private static let nobodySaid = "*"

    /// Ids become names of files: a hash, or a step's name.
    static func isName(_ id: OperationID) -> Bool {
        (1...200).contains(id.text.utf8.count) && !id.text.hasPrefix(".") && id.text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || [45, 46, 95].contains(byte)
        }
    }

    enum Admission: Sendable {
        case go
        /// Carried out before: this was the answer.
        case done(HostAnswer)
        case unknown
        case staleFence(highest: Int)
        case foreignJournal(JournalID)
    }

    /// Under the host's lock. Writes `started` durably before it says go.
    func admit(_ request: HostRequest) throws(HostFault) -> Admission {
        try StateFolder.make(operations)
        // What is read below is acted on, and must not be gone after a loss of power.
        try DurableFile.settle(statePath)
        try DurableFile.settle(operations)
        // What programs that died were writing, to files that perhaps nobody writes again.
        DurableFile.removeStrays(in: statePath)
        for folder in [statePath, "\(statePath)/work"] { DurableFile.removeStrays(below: folder) }
        if let bound = try bound(), bound != request.journal { return .foreignJournal(bound) }
        if let text = try DurableFile.read("\(operations)/\(request.id).done", isOwn: true), let answer = HostAnswer.parse(text) { return .done(answer) }
        let seen = try newestGrant()
        if request.fence < seen.fence || seen.isAnothers(than: request) { return .staleFence(highest: seen.fence) }
        if request.fence > seen.fence { try DurableFile.write(Grant(fence: request.fence, holder: request.holder).text, to: highest) }
        try begin(request)
        let started = "\(operations)/\(request.id).started"
        if try DurableFile.read(started, isOwn: true) != nil, request.once == .unrepeatable { return .unknown }
        try DurableFile.write("\(request.kind) \(request.step) fence \(request.fence)\n", to: started)
        return .go
    }

    /// Binds the host to the journal. Killed at any moment, the ledger has not begun or says what was remembered before it.
    private func begin(_ request: HostRequest) throws(HostFault) {
        let isBound = try bound() != nil
        if isBound { guard request.accord != nil, try DurableFile.read(before, isOwn: true) == Self.nobodySaid else { return } }
        try DurableFile.write(request.accord.map { $0.remembers?.text ?? "" } ?? Self.nobodySaid, to: before)
        if !isBound { try DurableFile.write(request.journal.text, to: binding) }
    }

    /// Nothing that was done under this ledger has been recorded in the journal yet.
    func isNew(to accord: Accord) throws(HostFault) -> Bool {
        guard let before = try DurableFile.read(before, isOwn: true) else { return false }
        return before == Self.nobodySaid || before == accord.remembers?.text ?? ""
    }

    /// The journal that the host belongs to; nil before its first operation.
    func bound() throws(HostFault) -> JournalID? { try DurableFile.read(binding, isOwn: true).map { JournalID($0) } }

    func isDone(_ operation: OperationID) throws(HostFault) -> Bool { try DurableFile.read("\(operations)/\(operation).done", isOwn: true) != nil }

    /// Binds the host to the asking journal. Refused, with the reason, where it does not belong to the one that was seen, or has seen as high a fence.
    func takeOver(_ request: HostRequest, from seen: JournalID?) throws(HostFault) -> String? {
        let bound = try bound()
        guard bound == seen || bound == request.journal else { return "this host belongs to journal \(bound?.text ?? "none"), and not to the one that was seen" }
        if bound != request.journal {
            let highest = try highestFence()
            guard request.fence > highest else { return "fence \(request.fence) is not above \(highest), which the host has seen" }
            try DurableFile.write(request.journal.text, to: binding)
        }
        return nil
    }

    /// 0 on a host that has seen none.
    func highestFence() throws(HostFault) -> Int { try newestGrant().fence }

    /// A file that says something else is a fault: taken for none, it would let a stale controller in.
    func newestGrant() throws(HostFault) -> Grant {
        guard let text = try DurableFile.read(highest, isOwn: true) else { return Grant(fence: 0, holder: nil) }
        guard let grant = Grant(text) else { throw HostFault.said("\(highest) holds no fencing number") }
        return grant
    }

    /// The newest lease that the host has seen: its number, and a word for its holder where that was told. Two journals of one past grant the same number.
    struct Grant: Sendable, Equatable {
        let fence: Int
        let holder: String?

        init(fence: Int, holder: String?) {
            self.fence = fence
            self.holder = holder
        }

        /// `5`, or `5 holder`.
        init?(_ text: String) {
            let words = text.split(separator: " ", omittingEmptySubsequences: false)
            guard (1...2).contains(words.count), !words.contains(""), let fence = Int(words[0]), fence >= 0 else { return nil }
            self.init(fence: fence, holder: words.count == 2 ? String(words[1]) : nil)
        }

        /// A holder's word is the controller's; one that could not be read again is not kept.
        var text: String {
            guard let holder, !holder.isEmpty, holder.utf8.count <= 64, holder.utf8.allSatisfy({ (33..<127).contains($0) }) else { return String(fence) }
            return "\(fence) \(holder)"
        }

        /// The request has the same number, and another held it.
        func isAnothers(than request: HostRequest) -> Bool {
            guard fence == request.fence, let holder, let asking = request.holder else { return false }
            return holder != asking
        }
    }

    /// Nothing is retried on the strength of a failure that was reported: only a success is remembered as the answer.
    func finish(_ answer: HostAnswer) throws(HostFault) {
        guard answer.status == .done else { return }
        do { try DurableFile.write(try answer.line(), to: "\(operations)/\(answer.id).done") } catch let fault as HostFault { throw fault } catch {
            throw HostFault.said("\(error)")
        }
    }
}
