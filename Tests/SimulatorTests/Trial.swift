import Cutover
import Foundation
@testable import Host
import Simulation
@testable import SimulatorKit
import Synchronization

/// One host, a few operations asked for again and again under rising fences, and crashes. What was done is counted where no crash reaches it.
struct Trial {
    /// What a program could forget, and what a disk could.
    enum Omission: String, CaseIterable { case syncOfFolders, syncOfFiles, syncOfNewNames, started, doneBeforeTheEffect, fences }

    struct Fire: Writing {
        static let kind: OperationKind = "trial.fire"
        static let once = Once.unrepeatable
        struct Result: Sendable, Codable, Equatable { let number: Int }
        let name: String
    }

    struct Set: Writing {
        static let kind: OperationKind = "trial.set"
        static let once = Once.convergent
        struct Result: Sendable, Codable, Equatable { let number: Int }
        let name: String
    }

    /// What happened outside of the host.
    final class Effects: Sendable {
        private let state = Mutex(["": [Int]()])
        func add(_ id: OperationID, fence: Int) -> Int {
            state.withLock { state in
                state[id.text, default: []].append(fence)
                state["", default: []].append(fence)
                return state[id.text]?.count ?? 0
            }
        }
        func fences(of id: OperationID) -> [Int] { state.withLock { $0[id.text] ?? [] } }
        var fences: [Int] { state.withLock { $0[""] ?? [] } }
    }

    let seed: UInt64
    var leavingOut: Omission?
    private let effects = Effects()
    private let disk = SimulatedDisk()

    init(seed: UInt64, leavingOut: Omission? = nil) {
        self.seed = seed
        self.leavingOut = leavingOut
    }

    func run() async throws -> [String] {
        var chance = Chance(seed: seed, for: "trial")
        disk.furnish(["/etc/tenant.env": "A=b\n"])
        var flaws: [String] = []
        var answered: [OperationID: String] = [:]
        var written: [EvidenceLedger.Entry] = []
        var number: Int32 = 0
        var (fence, seen) = (1, 1)
        for _ in 0..<30 {
            number += 1
            let process = HostProcess(number: number)
            if chance.happens(60) { process.die(atTouch: chance.number(1...34)) }
            // What an earlier process renamed is there for the next one, and gone after a crash.
            if chance.happens(30), let folder = chance.pick(["/state", "/state/ops", "/"]) { process.die(before: "sync folder \(folder)") }
            if chance.happens(20) { fence += 1 }
            let asked = chance.happens(15) ? max(1, fence - 1) : fence
            let id = OperationID("op-\(chance.number(1...12))")
            let isFire = (Int(id.text.dropFirst(3)) ?? 0).isMultiple(of: 2)
            let before = effects.fences(of: id).count
            let line = await on(process) { await ask(id, isFire: isFire, fence: asked) }
            let answer = process.isDead ? nil : HostAnswer.parse(line)
            let evidence = await on(process) {
                try? await EvidenceLedger(statePath: "/state").append("seen", ["by": "process \(process.number)"])
            }
            if !process.isDead, evidence == nil { flaws.append("evidence could not be written") }
            if let evidence { written.append(evidence) }
            let now = effects.fences(of: id).count
            if now > before, asked < seen { flaws.append("\(id) was done under fence \(asked), after \(seen)") }
            if now > 1, isFire { flaws.append("\(id) was done \(now) times") }
            if now > before, answered[id] != nil { flaws.append("\(id) was done again after it was answered") }
            if answer?.status == .done {
                if now == 0 { flaws.append("\(id) was answered and never done") }
                if let earlier = answered[id], earlier != answer?.result { flaws.append("\(id) was answered otherwise") }
                answered[id] = answer?.result ?? ""
            }
            // What was done before is answered again under any fence, and leaves none behind: nobody asks for it under another.
            if now > before { seen = max(seen, asked) }
            if chance.happens(process.isDead ? 50 : 20) { disk.crash(&chance) }
            disk.release(process.number)
            flaws += await look(answered, written, HostProcess(number: 0))
            if !flaws.isEmpty { return flaws }
        }
        return flaws
    }

    private func look(_ answered: [OperationID: String], _ written: [EvidenceLedger.Entry], _ reader: HostProcess) async -> [String] {
        await on(reader) {
            do {
                let ledger = OperationLedger(statePath: "/state")
                var flaws = try answered.keys.filter { try !ledger.isDone($0) }.sorted().map { "\($0) was answered and is forgotten" }
                let entries = try EvidenceLedger(statePath: "/state").entries()
                flaws += written.filter { !entries.contains($0) }.map { "evidence \($0.n) was written and is gone" }
                return flaws
            } catch { return ["\(error)"] }
        }
    }

    private func ask(_ id: OperationID, isFire: Bool, fence: Int) async -> String {
        func request(_ kind: OperationKind, _ once: Once, _ payload: some Encodable) throws -> HostRequest {
            HostRequest(
                id: id, kind: kind, operationClass: .writing, once: once, tenant: "t", step: "A0/x", journal: "j", fence: fence, envPath: "/etc/tenant.env",
                statePath: "/state", payload: try CanonicalJSON.text(payload))
        }
        do {
            let request = isFire ? try request(Fire.kind, Fire.once, Fire(name: id.text)) : try request(Set.kind, Set.once, Set(name: id.text))
            return await HostProgram.serve(operationClass: "writing", input: Array(try CanonicalJSON.text(request).utf8), operations: book).line
        } catch { return "\(error)" }
    }

    private var book: HostOperationBook {
        var book = HostOperationBook()
        let (effects, omission) = (effects, leavingOut)
        @Sendable func act(_ host: HostHand) throws -> Int {
            if omission == .doneBeforeTheEffect {
                try OperationLedger(statePath: host.sight.statePath).finish(HostAnswer(id: host.operation, status: .done, result: #"{"number":1}"#))
            }
            try HostProcess.current?.touch("before the effect")
            let number = effects.add(host.operation, fence: host.fence)
            try HostProcess.current?.touch("after the effect")
            return number
        }
        book.add(Fire.self) { host in Fire.Result(number: try act(host)) }
        book.add(Set.self) { host in Set.Result(number: try act(host)) }
        return book
    }

    private func on<Value: Sendable>(_ process: HostProcess, _ body: () async -> Value) async -> Value {
        let whole = ProcessDisk(disk: disk, process: process)
        let machine = HostMachine(
            disk: leavingOut.map { Forgetful(disk: whole, omission: $0) } ?? whole, process: process.number,
            clocks: { (Timestamp(milliseconds: 1_767_225_600_000), 1, "boot") }, rest: { _ in throw CancellationError() })
        return await HostMachine.$here.withValue(machine) { await HostProcess.$current.withValue(process) { await body() } }
    }
}

/// A disk under a program that leaves out one thing.
private struct Forgetful: HostDisk {
    let disk: ProcessDisk
    let omission: Trial.Omission

    private struct File: WritableFile {
        let file: any WritableFile
        let syncs: Bool
        let wasEmpty: Bool
        func write(_ bytes: [UInt8]) throws(HostFault) { try file.write(bytes) }
        func sync() throws(HostFault) { if syncs { try file.sync() } }
        func close() { file.close() }
    }

    func open(_ path: String, for purpose: FilePurpose) throws(HostFault) -> any WritableFile {
        let file = try disk.open(path, for: purpose)
        return File(file: file, syncs: omission != .syncOfFiles, wasEmpty: file.wasEmpty && omission != .syncOfNewNames)
    }
    func read(_ path: String) throws(HostFault) -> [UInt8]? {
        if omission == .fences, path.hasSuffix("/fence") { return nil }
        if omission == .started, path.hasSuffix(".started") { return nil }
        return try disk.read(path)
    }
    func rename(_ path: String, to new: String) throws(HostFault) { try disk.rename(path, to: new) }
    func remove(_ path: String) throws(HostFault) { try disk.remove(path) }
    func state(ofFolder path: String) -> FolderState { disk.state(ofFolder: path) }
    func makeFolder(_ path: String) throws(HostFault) { try disk.makeFolder(path) }
    func syncFolder(_ path: String) throws(HostFault) { if omission != .syncOfFolders { try disk.syncFolder(path) } }
    func tryLock(_ path: String) throws(HostFault) -> (any HeldLock)? { try disk.tryLock(path) }
}
