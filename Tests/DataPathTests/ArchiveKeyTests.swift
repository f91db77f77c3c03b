import Crypto
import DataPath
import Foundation
import Testing

@Suite("who can open an archive")
struct ArchiveKeyTests {
    @Test("any one of several private keys opens it, and the shared one; another does not, and says which keys would")
    func recipients() async throws {
        let stage = try await Stage.make()
        for number in 0..<40 { try await stage.add1("memory \(number)") }
        try await stage.settle()
        _ = try await Freeze().freeze(stage.ours)
        let place = DirectoryPlace(FileManager.default.temporaryDirectory.appending(path: "cutover-keys-\(UUID())"))
        defer { try? FileManager.default.removeItem(at: place.directory) }
        let pairs = (0..<3).map { _ in Curve25519.KeyAgreement.PrivateKey() }
        let shared = [UInt8](repeating: 9, count: 32)
        let recipients = pairs.map { ArchiveRecipient.publicKey(Array($0.publicKey.rawRepresentation)) } + [.shared(shared)]
        let report = try await Archive().export(stage.ours, to: place, sealedTo: recipients, label: "acme")
        #expect(report.keys == recipients.map(\.id))
        for pair in pairs {
            let opener = ArchiveOpener.privateKey(Array(pair.rawRepresentation))
            #expect(report.keys.contains(try opener.id()))
            #expect(try await Archive().check(place, with: opener) == report)
        }
        #expect(try await Archive().rehearse(stage.ours, from: place, with: .shared(shared)) == report)
        let stranger = ArchiveOpener.privateKey(Array(Curve25519.KeyAgreement.PrivateKey().rawRepresentation))
        let failure = await #expect(throws: DataPathError.self) { try await Archive().check(place, with: stranger) }
        #expect(try failure?.description.contains(stranger.id()) == true && failure?.description.contains(report.keys[0]) == true)
        // One key's share put in another's place opens nothing.
        let manifest = place.directory.appending(path: "agent_memories.manifest.json")
        let text = try String(contentsOf: manifest, encoding: .utf8)
        try text.replacing(report.keys[0], with: "swapped").replacing(report.keys[1], with: report.keys[0]).write(to: manifest, atomically: true, encoding: .utf8)
        await #expect(throws: DataPathError.self) { try await Archive().check(place, with: .privateKey(Array(pairs[0].rawRepresentation))) }
        try text.write(to: manifest, atomically: true, encoding: .utf8)
        await #expect(throws: DataPathError.self) {
            try await Archive().export(stage.ours, to: place, sealedTo: recipients, label: "another")
        }
        #expect(try await Archive().check(place, with: .shared(shared)) == report)
    }
}
