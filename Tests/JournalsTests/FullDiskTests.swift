import Cutover
import CutoverTestKit
import Foundation
import ProgramsTestKit
import Testing

@testable import Journals

#if canImport(Glibc)
    import Glibc
#endif

@Suite("a journal on a full disk") struct FullDiskTests {
    @Test("what does not fit is refused in so many words, nothing is lost or half there, and it goes on when there is room", .enabled(if: getuid() == 0))
    func full() async throws {
        let place = try Place()
        try await SmallDisk.mounted(at: place.folder.path, size: "400k") { try await Self.filled(place) }
    }

    private static func filled(_ place: Place) async throws {
        let journal = try place.open()
        var head = JournalRecords.Head.genesis(of: "acme", in: try await journal.identity())
        var refusal: JournalError?
        func append() async throws {
            let event = Event(
                stream: "acme", revision: head.revision + 1, at: ManualTime.beginning, by: "ann", fence: 0,
                change: .approved(topic: "topic", reason: String(repeating: "x", count: 4000), facts: [:]), previous: head.hash)
            try await journal.append([event], status: nil, under: nil)
            head = try head.extended(by: [event])
        }
        for _ in 0..<500 where refusal == nil {
            do { try await append() } catch let error as JournalError { refusal = error }
        }
        let written = head.revision
        #expect(written > 0)
        guard case .unreachable(let why) = refusal else {
            Issue.record("the journal took everything, or said \(String(describing: refusal))")
            return
        }
        #expect(why.contains("full"), "\(why)")
        #expect(try await journal.events(in: "acme", after: 0).count == written)
        try await SmallDisk.resize(place.folder.path, to: "8m")
        for _ in 0..<20 { try await append() }
        #expect(try await place.open(create: false).events(in: "acme", after: 0).map(\.revision) == Array(1...(written + 20)))
    }
}
