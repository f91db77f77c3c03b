import Cutover
import DataPath
import Host
import Testing

@testable import Phases

@Suite("an archive that was rehearsed") struct RehearsalTests {
    @Test("is one no more when the table was frozen anew since, which its rows may have changed before")
    func frozenAnew() async throws {
        let folder = try Folder()
        let host = try folder.host()
        let hand = HostHand(sight: host, operation: "op", fence: 1, journal: "journal")
        let reading = ArchiveState(vault: Vault(to: "host:keeper:/archives"), table: .memories)
        try await Effect.freeze(.memories).begin(by: hand)
        try await Effect.archive(.memories).begin(by: hand)
        let marks = try CanonicalJSON.text(["rows": ArchivedObject(bytes: 1, mark: "m")])
        try await host.evidence.append("exercise", ["name": "archive.rehearsal", "marks": marks, "rows": "58", "frozenDigest": "d", "green": "true"])
        let before = try await reading.read(host)
        #expect(before.frozenDigest == "d" && before.rows == 58 && before.rehearsedObjects.count == 1)
        try await Effect.freeze(.memories).begin(by: hand)
        let after = try await reading.read(host)
        #expect(after.frozenDigest == nil && after.rehearsedObjects.isEmpty && !after.rehearsed && folder.has("evidence.jsonl"))
    }
}
