import Cutover
import Foundation
import Testing

@testable import Host

@Suite("a host whose ledger, database and journal may remember different things") struct AccordTests {
    let host: CounterHost

    init() throws { host = try CounterHost() }

    /// A database that is a file, with the id of the newest operation in it, as the ledger has it in another.
    struct TwoFiles: KeepsAccord {
        let database: String
        private func own(_ host: HostSight) -> String { "\(host.statePath)/newest" }

        func disagreement(on host: HostSight, isNew: Bool) async -> String? {
            let (mine, theirs) = (try? DurableFile.read(own(host)), try? DurableFile.read(database))
            return mine == theirs || isNew && mine == nil ? nil : "the ledger has \(mine.flatMap { $0 } ?? "nothing"), the database \(theirs.flatMap { $0 } ?? "nothing")"
        }
        func note(_ host: HostHand) async { _ = try? await settle(host) }
        func settle(_ host: HostHand) async throws -> String {
            let was = await disagreement(on: host.sight) ?? "in accord"
            for path in [database, own(host.sight)] { try DurableFile.write(host.operation.text, to: path) }
            return was
        }
    }

    private var database: String { host.folder.file("database") }

    private func serve<Operation: HostOperation>(
        _ operation: Operation, id: OperationID = "op-1", as operationClass: OperationClass = .writing, once: Once? = nil, fence: Int = 1,
        journal: JournalID = "journal-1", holder: String? = nil, accord: Accord? = Accord(remembers: nil)
    ) async throws -> CounterHost.Served {
        var book = Counter.book
        book.keep(TwoFiles(database: database))
        let request = HostRequest(
            id: id, kind: Operation.kind, operationClass: operationClass, once: once, tenant: "acme", step: "A0/count", journal: journal, fence: fence,
            envPath: host.folder.file("env"), statePath: host.state, payload: try CanonicalJSON.text(operation), holder: holder, accord: accord)
        let (line, exitCode) = await HostProgram.serve(
            operationClass: operationClass.rawValue, input: Array(try CanonicalJSON.text(request).utf8), operations: book)
        return CounterHost.Served(line: line, exitCode: exitCode)
    }

    private func set(
        _ id: OperationID, fence: Int = 1, journal: JournalID = "journal-1", holder: String? = nil, accord: Accord? = Accord(remembers: nil)
    ) async throws -> CounterHost.Served {
        try await serve(Counter.Set(), id: id, once: .convergent, fence: fence, journal: journal, holder: holder, accord: accord)
    }

    /// The state folder as it is after `op-1`, put back after `op-2`.
    private func putBack(_ body: () async throws -> Void) async throws {
        _ = try await set("op-1")
        try FileManager.default.copyItem(atPath: host.state, toPath: host.folder.file("copy"))
        let database = try DurableFile.read(database)
        _ = try await set("op-2")
        try await body()
        if try DurableFile.read(self.database) == "old" { try DurableFile.write(database ?? "", to: self.database) }
    }

    private func putStateBack() throws {
        try FileManager.default.removeItem(atPath: host.state)
        try FileManager.default.copyItem(atPath: host.folder.file("copy"), toPath: host.state)
    }

    @Test("a ledger that was put back is told, by a reading too, and nothing is done")
    func ledgerPutBack() async throws {
        try await putBack { try putStateBack() }
        for served in [try await set("op-3"), try await serve(Counter.Look(), as: .reading)] {
            #expect(served.answer?.status == .disagrees && served.exitCode == 1)
            #expect(served.answer?.failure?.what == "the ledger has op-1, the database op-2" && served.answer?.failure?.effect == .nothingChanged)
        }
        #expect(host.count == 1 && !host.has("ops/op-3.started"))
    }

    @Test("a database that was put back is told, even when the ledger has the answer")
    func databasePutBack() async throws {
        try await putBack { try DurableFile.write("old", to: database) }
        #expect(try await set("op-2").answer?.status == .disagrees)
        #expect(try await set("op-3").answer?.status == .disagrees)
        #expect(host.count == 2)
    }

    @Test("both put back together are told by what the journal remembers")
    func wholeHostPutBack() async throws {
        try await putBack {
            try putStateBack()
            try DurableFile.write("old", to: database)
        }
        #expect(try await serve(Counter.Look(), as: .reading).answer?.status == .done, "nobody told it of op-2")
        for served in [try await set("op-3", accord: Accord(remembers: "op-2")), try await serve(Counter.Look(), as: .reading, accord: Accord(remembers: "op-2"))] {
            #expect(served.answer?.status == .disagrees)
            #expect(served.answer?.failure?.what.contains("remembers operation op-2") == true)
        }
        #expect(try await set("op-3", accord: Accord(remembers: "op-1")).answer?.status == .done)
    }

    @Test("a journal that was put back by one grant is told by the holder of that grant, by a reading too, and nothing is done")
    func grantedTwice() async throws {
        #expect(try await set("op-1", fence: 5, holder: "one").answer?.status == .done)
        for served in [try await set("op-2", fence: 5, holder: "two"), try await serve(Counter.Look(), as: .reading, fence: 5, holder: "two")] {
            #expect(served.answer?.status == .disagrees && served.exitCode == 1)
            #expect(served.answer?.failure?.what.contains("fence 5 was granted to another holder") == true && served.answer?.failure?.effect == .nothingChanged)
        }
        #expect(host.count == 1 && !host.has("ops/op-2.started"))
        #expect(try await set("op-2", fence: 5, holder: "one").answer?.status == .done)
        #expect(try await set("op-3", fence: 6, holder: "two").answer?.status == .done)
        #expect(try await set("op-4", fence: 6, holder: "one").answer?.status == .disagrees)
    }

    @Test("who asks without accord is refused under another's fence, and a ledger or a controller that knows no holders goes by the number alone")
    func withoutHolders() async throws {
        #expect(try await set("op-1", fence: 5, holder: "one").answer?.status == .done)
        let refused = try await set("op-2", fence: 5, holder: "two", accord: nil)
        #expect(refused.answer?.status == .refused && refused.exitCode == HostProgram.staleFenceExit && host.count == 1)
        #expect(try await set("op-2", fence: 5).answer?.status == .done)
        try host.folder.write("5", to: "state/fence")
        #expect(try await set("op-3", fence: 5, holder: "two").answer?.status == .done)
        #expect(try OperationLedger(statePath: host.state).highestFence() == 5)
        for damaged in ["5 ", "5 one two", " one", "-5 one"] {
            try host.folder.write(damaged, to: "state/fence")
            #expect(try await set("op-4", fence: 6, holder: "two").exitCode == 1, "\(damaged)")
        }
    }

    @Test("what people ask is answered all the same, and a host built anew contradicts nobody")
    func asked() async throws {
        try DurableFile.write("op-9", to: database)
        #expect(try await set("op-1", accord: Accord(remembers: "op-9")).answer?.status == .done)
        try DurableFile.write("op-8", to: database)
        #expect(try await set("op-2").answer?.status == .disagrees)
        #expect(try await serve(Counter.Look(), as: .reading, accord: nil).answer?.status == .done)
        #expect(try await set("op-2", accord: nil).answer?.status == .done)
    }

    @Test("a host built anew contradicts nobody either when its first operation was cut short, or nobody heard of it; put back later, it does")
    func builtAnew() async throws {
        // The database lives on, and the journal remembers what was done before.
        try DurableFile.write("op-9", to: database)
        let before = Accord(remembers: "op-9")
        func look(_ accord: Accord) async throws -> HostAnswer.Status? { try await serve(Counter.Look(), as: .reading, accord: accord).answer?.status }
        let request = HostRequest(
            id: "op-10", kind: Counter.Set.kind, operationClass: .writing, once: .convergent, tenant: "acme", step: "A0/count", journal: "journal-1", fence: 1,
            envPath: host.folder.file("env"), statePath: host.state, payload: "{}", accord: before)
        try DurableFile.makeFolder(host.state)
        guard case .go = try OperationLedger(statePath: host.state).admit(request) else { return #expect(Bool(false), "not admitted") }
        #expect(try await look(before) == .done, "killed in its first operation")
        #expect(try await set("op-10", accord: before).answer?.status == .done)
        #expect(try await look(before) == .done, "its answer was lost")
        try FileManager.default.copyItem(atPath: host.state, toPath: host.folder.file("copy"))
        #expect(try await set("op-11", accord: Accord(remembers: "op-10")).answer?.status == .done)
        try putStateBack()
        #expect(try await look(Accord(remembers: "op-11")) == .disagrees)
        #expect(try await look(before) == .disagrees, "the database remembers op-11")
    }

    @Test("a host built anew of which a person asked something first contradicts nobody, until a step begins there")
    func askedFirst() async throws {
        try DurableFile.write("op-9", to: database)
        #expect(try await set("question", accord: nil).answer?.status == .done)
        let before = Accord(remembers: "op-9")
        #expect(try await serve(Counter.Look(), as: .reading, accord: before).answer?.status == .done)
        _ = try await serve(Counter.Fail(effect: .partlyChanged), id: "op-10", once: .convergent, accord: before)
        #expect(try await serve(Counter.Look(), as: .reading, accord: before).answer?.status == .done)
        #expect(try await serve(Counter.Look(), as: .reading, accord: Accord(remembers: "op-8")).answer?.status == .disagrees)
    }

    @Test("taken over, host and database begin anew with the same memory")
    func takenOver() async throws {
        try await putBack { try putStateBack() }
        let seen = try await serve(ReadHostLedger(), as: .reading, accord: nil)
        let ledger = try CanonicalJSON.value(ReadHostLedger.Result.self, from: #require(seen.answer?.result))
        #expect(ledger == ReadHostLedger.Result(journal: "journal-1", fence: 1, disagreement: "the ledger has op-1, the database op-2"))
        let over = try await serve(TakeHostOver(from: "journal-1"), id: "over", once: .convergent, fence: 2, accord: nil)
        #expect(over.answer?.status == .done)
        #expect(try await set("op-3", fence: 2, accord: Accord(remembers: "over")).answer?.status == .done)
        #expect(host.count == 2)
    }

    @Test("another journal takes a host over only above its fence, and only from the journal that was seen")
    func foreignJournal() async throws {
        _ = try await set("op-1", fence: 7)
        func over(_ id: OperationID, from: JournalID, fence: Int) async throws -> CounterHost.Served {
            try await serve(TakeHostOver(from: from), id: id, once: .convergent, fence: fence, journal: "journal-2", accord: nil)
        }
        #expect(try await over("a", from: "journal-1", fence: 7).answer?.status == .refused)
        #expect(try await over("b", from: "journal-0", fence: 8).answer?.status == .refused)
        #expect(try await set("op-2", fence: 8, journal: "journal-2", accord: nil).answer?.status == .refused)
        #expect(try await set("op-2", fence: 8, journal: "journal-2").answer?.status == .disagrees)
        #expect(try await over("c", from: "journal-1", fence: 8).answer?.status == .done)
        #expect(try await set("op-2", fence: 8, journal: "journal-2").answer?.status == .done)
        #expect(try await set("op-3", fence: 9, journal: "journal-1").answer?.status == .disagrees)
    }

    @Test("a journal that was put back is told by the fence it asks with; a stale operation is refused as ever")
    func journalPutBack() async throws {
        _ = try await set("op-1", fence: 7)
        let asked = try await serve(Counter.Look(), as: .reading, fence: 6)
        #expect(asked.answer?.status == .disagrees && asked.answer?.failure?.what.contains("the journal was put back") == true)
        #expect(try await set("op-2", fence: 6).exitCode == 75)
        #expect(try await serve(Counter.Look(), as: .reading, fence: 7).answer?.status == .done)
    }
}
