import Cutover
import Foundation
import ProgramsTestKit
import Testing

@testable import Host

#if canImport(Glibc)
    import Glibc
#endif

@Suite("a host whose disk is full", .enabled(if: getuid() == 0)) struct HostDiskTests {
    let host: CounterHost

    init() throws { host = try CounterHost() }

    @Test("what acted and could not be recorded is told as unknown, never as if nothing had been done, and goes on when there is room")
    func actedAndNotRecorded() async throws {
        try await onASmallDisk {
            let served = try await host.write(Counter.Fill())
            #expect(host.count == 1)
            #expect(served.exitCode == 6)
            #expect(served.answer?.failure?.effect == .unknown)
            #expect(served.answer?.failure?.what.contains("No space left on device") == true, "\(served.line)")
            try DurableFile.remove(Counter.filler(host.state))
            #expect(try await host.write(Counter.Set()).exitCode == 0)
        }
    }

    @Test("where not even the beginning can be recorded nothing is done, and nothing half written is left")
    func notBegun() async throws {
        try await onASmallDisk {
            #expect(try await host.write(Counter.Set(), id: "op-0").exitCode == 0)
            try Counter.fill(host.state)
            let names = host.folder.names
            let served = try await host.write(Counter.Set())
            #expect(served.exitCode == 1)
            #expect(served.answer?.status == .refused)
            #expect(served.answer?.failure?.effect == .nothingChanged)
            #expect(served.answer?.failure?.what.contains("No space left on device") == true, "\(served.line)")
            #expect(host.count == 1)
            #expect(host.folder.names == names)
            try DurableFile.remove(Counter.filler(host.state))
            #expect(try await host.write(Counter.Set()).count == 2)
        }
    }

    @Test("evidence that found no room is no entry, and the chain goes on when there is room")
    func evidence() async throws {
        try await onASmallDisk {
            let ledger = EvidenceLedger(statePath: host.state)
            for number in 1...3 { try await ledger.append("sample", ["n": String(number)]) }
            try Counter.fill(host.state)
            var taken = 3
            while taken < 200, (try? await ledger.append("sample", ["text": String(repeating: "x", count: 900)])) != nil { taken += 1 }
            #expect(taken < 200)
            await #expect(throws: HostFault.self) { try await ledger.append("sample", ["text": String(repeating: "y", count: 5000)]) }
            #expect(try ledger.entries().count == taken)
            try DurableFile.remove(Counter.filler(host.state))
            try await ledger.append("sample", ["n": "after"])
            let entries = try ledger.entries()
            #expect(entries.count == taken + 1)
            #expect(entries.last?.facts == ["n": "after"])
        }
    }

    private func onASmallDisk(_ work: () async throws -> Void) async throws {
        try DurableFile.makeFolder(host.state)
        try await SmallDisk.mounted(at: host.state, size: "256k", while: work)
    }
}
