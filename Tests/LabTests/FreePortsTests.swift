import Foundation
import Testing

@testable import LabKit

@Suite("the ports of labs side by side") struct FreePortsTests {
    @Test("labs whose marks fall into the same block get ports of their own, and the same lab gets its block again")
    func blocks() throws {
        let folder = NSTemporaryDirectory() + "ports-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func block(_ layout: LabLayout) -> Int {
            var ports = FreePorts(layout, taken: [])
            return (ports.take() - 20_000) / 110
        }
        func wanted(_ layout: LabLayout) -> Int { (Int(layout.mark, radix: 16) ?? 0) % 110 }
        let first = LabLayout(root: "\(folder)/lab-0")
        // Of a hundred or so one has the same block: among so many there is always one.
        let rival = try #require((1...20_000).lazy.map { LabLayout(root: "\(folder)/lab-\($0)") }.first { wanted($0) == wanted(first) })
        for layout in [first, rival] { try FileManager.default.createDirectory(atPath: layout.root, withIntermediateDirectories: true) }
        let (one, two) = (block(first), block(rival))
        #expect(one != two)
        #expect(block(first) == one && block(rival) == two)
    }
}
