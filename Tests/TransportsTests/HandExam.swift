import Cutover
import Foundation
import Synchronization
import Testing
import Transports

@Suite("the program that a transport puts on hosts") struct HandExam {
    private func digest(_ path: String) throws -> String { Digest.sha256([UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))) }

    @Test("no program stands on a new host, and looking changes nothing", arguments: Road.allCases)
    func absent(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try host.transport("exit 0")
        #expect(try await transport.probeHand(on: host.target) == .absent)
        #expect(!host.has("state"))
    }

    @Test("it is put there by its digest, and a look finds this build", arguments: Road.allCases)
    func place(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try host.transport("exit 0")
        let digest = try digest(host.program)
        #expect(try await transport.placeHand(on: host.target) == .present(digest: digest, isThisBuild: true))
        #expect(try await transport.probeHand(on: host.target) == .present(digest: digest, isThisBuild: true))
        #expect(host.names("state/bin") == ["cutoverctl", "cutoverctl-\(digest)"])
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: host.hand) == "cutoverctl-\(digest)")
        #expect(FileManager.default.isExecutableFile(atPath: host.hand))
    }

    @Test("putting it there twice is harmless", arguments: Road.allCases)
    func twice(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try host.transport("exit 0")
        let first = try await transport.placeHand(on: host.target)
        let names = host.names("state/bin")
        #expect(try await transport.placeHand(on: host.target) == first)
        #expect(host.names("state/bin") == names)
    }

    @Test("a changed program is another build until it is put there, and the earlier one stays for whoever still runs it", arguments: Road.allCases)
    func changed(road: Road) async throws {
        let host = try await ScriptHost(road)
        _ = try await host.placed("exit 0")
        let old = try digest(host.program)
        let transport = try host.transport("exit 1")
        #expect(try await transport.probeHand(on: host.target) == .present(digest: old, isThisBuild: false))
        let new = try digest(host.program)
        #expect(try await transport.placeHand(on: host.target) == .present(digest: new, isThisBuild: true))
        #expect(host.names("state/bin") == ["cutoverctl", "cutoverctl-\(old)", "cutoverctl-\(new)"].sorted())
        #expect(try await host.run(transport).exitCode == 1)
    }

    @Test("what stands on the host does not change when the program's own file is written over", arguments: Road.allCases)
    func writtenOver(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try await host.placed("exit 7")
        let file = try #require(FileHandle(forWritingAtPath: host.program))
        try file.write(contentsOf: Data("#!/bin/sh\nexit 8\n".utf8))
        try file.close()
        #expect(try await host.run(transport).exitCode == 7)
        #expect(try await host.transport(of: host.program).probeHand(on: host.target) != transport.probeHand(on: host.target))
    }

    @Test("a program that was damaged on the host is not this build, and is put there again", arguments: Road.allCases)
    func damaged(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try await host.placed("exit 0")
        let placed = try await transport.probeHand(on: host.target)
        let real = "\(host.path)/state/bin/\(try FileManager.default.destinationOfSymbolicLink(atPath: host.hand))"
        try Data("#!/bin/sh\nexit 9\n".utf8).write(to: URL(fileURLWithPath: real), options: .atomic)
        chmod(real, 0o755)
        guard case .present(_, isThisBuild: false) = try await transport.probeHand(on: host.target) else {
            Issue.record("the damage was not seen")
            return
        }
        #expect(try await transport.placeHand(on: host.target) == placed)
        #expect(try await transport.probeHand(on: host.target) == placed)
        #expect(try await host.run(transport).exitCode == 0)
    }

    @Test("while one build takes the place of another there is always a whole one", arguments: Road.allCases)
    func atomic(road: Road) async throws {
        let host = try await ScriptHost(road)
        _ = try await host.placed("exit 0")
        let hand = host.hand
        let done = Mutex(false)
        async let missing = {
            var missing = 0
            repeat {
                if access(hand, X_OK) != 0 { missing += 1 }
                try? await Task.sleep(for: .microseconds(200))
            } while !done.withLock { $0 }
            return missing
        }()
        do {
            defer { done.withLock { $0 = true } }
            for number in 0..<20 { _ = try await host.placed("exit \(number)") }
        }
        #expect(await missing == 0)
    }

    @Test("it is taken away twice without harm, and what else the host keeps stays", arguments: Road.allCases)
    func remove(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try await host.placed("exit 0")
        try Data("kept".utf8).write(to: URL(fileURLWithPath: "\(host.path)/state/evidence.jsonl"))
        for _ in 0..<2 {
            try await transport.removeHand(from: host.target)
            #expect(try await transport.probeHand(on: host.target) == .absent)
        }
        #expect(host.names("state") == ["evidence.jsonl"])
    }

    @Test("a program of one's own that can't be read is told before anything is sent", arguments: Road.allCases)
    func noProgram(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = host.transport(of: "\(host.path)/nothing")
        let error = await #expect(throws: TransportError.self) { try await transport.placeHand(on: host.target) }
        #expect(error?.outcome == .neverSent)
        #expect(error?.host == host.target.host)
        #expect(try await transport.probeHand(on: host.target) == .absent)
    }

    @Test("two controllers that put it there at once leave one whole program", arguments: Road.allCases)
    func atOnce(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try host.transport("exit 4")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<6 { group.addTask { _ = try await transport.placeHand(on: host.target) } }
            try await group.waitForAll()
        }
        #expect(host.names("state/bin").count == 2)
        #expect(try await host.run(transport).exitCode == 4)
    }
}
