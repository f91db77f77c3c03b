import Cutover
import Foundation
import Postgres
import Testing

@testable import Host
@testable import Phases

@Suite("the token that a host and its database both have") struct DatabaseTallyTests {
    private let tally = DatabaseTally()

    private func hand(_ lab: LabTenant, _ operation: OperationID, folder: String) -> HostHand {
        HostHand(sight: HostSight(tenant: "acme", statePath: folder, envPath: lab.host.env), operation: operation, fence: 1, journal: "j")
    }

    private func inDatabase(_ lab: LabTenant, _ sql: String) async throws -> PostgresRows {
        try await closing(try await PostgresConnection.connect(try lab.env().require("DATABASE_URL"))) { try await $0.query(sql) }
    }

    @Test("is the same in both through changes from several sides at once, and tells which of the two was put back")
    func putBack() async throws {
        let lab = try await LabTenant.up(rows: 5)
        do { try await tryOut(lab) } catch {
            try await lab.down()
            throw error
        }
        try await lab.down()
    }

    private func tryOut(_ lab: LabTenant) async throws {
        let folder = "\(lab.root)/tally"
        try DurableFile.makeFolder(folder)
        let (path, first) = ("\(folder)/tally.json", hand(lab, "op-1", folder: folder))
        #expect(await tally.disagreement(on: first.sight) == nil)
        await tally.note(first)
        #expect(try DurableFile.read(path) == nil, "nothing is noted before it is kept")
        // Killed before the database was told, a beginning is begun again.
        try DurableFile.write(try CanonicalJSON.text(DatabaseTally.Own(n: 0, token: "", coming: "op-0")), to: path)
        #expect(await tally.disagreement(on: first.sight) == nil)
        try await tally.begin(first)
        #expect(try await inDatabase(lab, "SELECT n FROM cutover_host.tally")[0].int("n") == 1)
        try await tally.begin(hand(lab, "op-1 again", folder: folder))

        // Operations and the watch change it at once, and readings look meanwhile.
        let told = await withTaskGroup(of: String?.self) { group in
            for number in 2...9 {
                group.addTask { await tally.note(hand(lab, OperationID("op-\(number)"), folder: folder)); return nil }
                group.addTask { await tally.disagreement(on: first.sight) }
            }
            return await group.reduce(into: [String]()) { if let why = $1 { $0.append(why) } }
        }
        #expect(told == [])
        // Who can't have the lock in time leaves it as it is.
        while try await inDatabase(lab, "SELECT n FROM cutover_host.tally")[0].int("n") < 9 { await tally.note(hand(lab, "op-late", folder: folder)) }
        let (file, row) = (try DurableFile.read(path) ?? "", try await inDatabase(lab, "SELECT n, token FROM cutover_host.tally")[0])
        #expect(try row.int("n") == 9 && file.contains(row.string("token")))

        // Killed before the database was told, and after.
        try await tally.pulse(first.sight)
        let after = try CanonicalJSON.value(DatabaseTally.Own.self, from: try DurableFile.read(path) ?? "")
        for torn in [DatabaseTally.Own(n: 10, token: after.token, coming: "never told"), DatabaseTally.Own(n: 9, token: "before", coming: after.token)] {
            try DurableFile.write(try CanonicalJSON.text(torn), to: path)
            #expect(await tally.disagreement(on: first.sight) == nil)
        }
        await tally.note(hand(lab, "op-10", folder: folder))
        let newest = try DurableFile.read(path) ?? ""
        #expect(newest.contains("op-10"))

        try DurableFile.write(file, to: path)
        #expect(await tally.disagreement(on: first.sight)?.contains("the ledger was put back") == true)
        await tally.note(hand(lab, "op-11", folder: folder))
        #expect(try DurableFile.read(path) == file, "what disagrees is left as it is")
        try DurableFile.remove(path)
        #expect(await tally.disagreement(on: first.sight)?.contains("the host's ledger has none") == true)
        #expect(await tally.disagreement(on: first.sight, isNew: true) == nil, "a host that was built anew has none, and its database lives on")
        try await tally.begin(hand(lab, "op-12", folder: folder))
        #expect(await tally.disagreement(on: first.sight) == nil)
        _ = try await inDatabase(lab, "UPDATE cutover_host.tally SET n = 10, token = '\(try CanonicalJSON.value(DatabaseTally.Own.self, from: newest).token)'")
        try DurableFile.write(newest, to: path)
        _ = try await inDatabase(lab, "UPDATE cutover_host.tally SET n = 3, token = 'op-3'")
        #expect(await tally.disagreement(on: first.sight)?.contains("the database was put back") == true)
        _ = try await inDatabase(lab, "DELETE FROM cutover_host.tally")
        #expect(await tally.disagreement(on: first.sight)?.contains("the database has none") == true)

        #expect(try await tally.settle(hand(lab, "over", folder: folder)).contains("the database has none"))
        #expect(await tally.disagreement(on: first.sight) == nil)
        try await tally.forget(first)
        #expect(await tally.disagreement(on: first.sight) == nil)
        #expect(try await inDatabase(lab, "SELECT to_regnamespace('cutover_host') IS NULL AS gone")[0].bool("gone"))
    }
}
