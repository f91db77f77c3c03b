@testable import Cutover
import CutoverTestKit
import Foundation
import Host
@testable import Phases
import ProgramsTestKit
import Testing
import Transports

#if canImport(Glibc)
    import Glibc
#endif

/// Two hosts of this machine, and an object on the first one's shelf that is to be on the other's. Each operation is a process of its own.
private struct Road: Sendable {
    static let name = "rows.sealed"
    let folder: Folder
    let bytes: Int

    /// - Parameter words: how the program is run on either host, as the shell has it.
    init(bytes: Int, running words: String = #"exec "$HAND" "$@""#) throws {
        folder = try Folder()
        self.bytes = bytes
        for host in ["tenant", "keeper"] {
            try FileManager.default.createDirectory(atPath: "\(folder.path)/\(host)/bin", withIntermediateDirectories: true)
            try Data().write(to: URL(filePath: "\(folder.path)/\(host)/env"))
            let hand = "\(folder.path)/\(host)/bin/cutoverctl"
            try Data("#!/bin/bash\nHAND='\(LabTenant.programs)/cutoverctl'\nHERE='\(folder.path)/\(host)'\n\(words)\n".utf8).write(to: URL(filePath: hand))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: hand)
        }
        try FileManager.default.createDirectory(atPath: "\(folder.path)/tenant/archive.out", withIntermediateDirectories: true)
        try write(bytes, to: sent)
    }

    var sent: String { "\(folder.path)/tenant/archive.out/\(Self.name)" }
    var shelf: String { "\(folder.path)/shelf" }
    var shelved: String { "\(shelf)/\(Self.name)" }
    var arriving: String { "\(shelf)/\(Shelf.arriving(Self.name))" }

    /// No two megabytes of it are the same.
    func write(_ bytes: Int, to path: String) throws {
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        defer { try? file.close() }
        for (number, offset) in stride(from: 0, to: bytes, by: 1 << 20).enumerated() {
            try file.write(contentsOf: Data(String(repeating: "\(number) of the sealed rows|", count: 60_000).utf8.prefix(min(1 << 20, bytes - offset))))
        }
    }

    func carry(attempt: Int) async throws {
        let (from, to) = (site("tenant", attempt), site("keeper", attempt))
        try await Haul(names: [Self.name]).carry(from: from, .outgoing, to: to, .path(shelf))
    }

    var isShelved: Bool { FileManager.default.contentsEqual(atPath: sent, andPath: shelved) }

    /// How many slices were put on that host, by its own record.
    func puts() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/keeper").count { $0.hasPrefix("put-") }
    }

    private func site(_ name: String, _ attempt: Int) -> Site {
        let state = "\(folder.path)/\(name)"
        let host = TenantHost(id: "acme", host: name, transport: "local", labels: [:], env: "\(state)/env", state: state)
        let ref = StepRef(tenant: "acme", phase: "A3", step: "legacy.archive")
        let link = HostLink(
            transport: LocalTransport(program: "\(LabTenant.programs)/cutoverctl"), host: host, journal: JournalID("haul"), fence: 1, ref: ref, timeoutSeconds: 120,
            others: { _ in nil })
        return Site(
            sight: Sight(ref: ref, time: RealTime(), consents: [], link: link), operations: OperationSequence(origin: "\(name) \(attempt)"),
            spectator: Spectator(), record: { _ throws(StepFailure) in })
    }
}

@Suite("an object on its way to another host", .serialized) struct HaulTests {
    @Test("however often a host's program is killed amid an operation or its answer is lost, the object arrives, whole or not at all")
    func killed() async throws {
        // Every seventh operation of a host dies under way, every eleventh is done and never heard of.
        let road = try Road(
            bytes: 9 << 20 | 4321,
            running: #"""
                N=$(( $(cat "$HERE/count" 2>/dev/null || echo 0) + 1 )); echo $N > "$HERE/count"
                if [ $((N % 7)) = 0 ]; then timeout -s KILL 0.$(printf %03d $((N * 37 % 160))) "$HAND" "$@" >/dev/null; exit 137; fi
                if [ $((N % 11)) = 0 ]; then "$HAND" "$@" >/dev/null; exit 137; fi
                exec "$HAND" "$@"
                """#)
        var attempts = 0
        while true {
            attempts += 1
            do {
                try await road.carry(attempt: attempts)
                break
            } catch {
                guard attempts < 60 else { throw error }
                #expect(!FileManager.default.fileExists(atPath: road.shelved) || road.isShelved, "half of it stands on the shelf")
            }
        }
        #expect(attempts > 2, "hardly anything was killed")
        #expect(road.isShelved)
        #expect(!FileManager.default.fileExists(atPath: road.arriving))
    }

    @Test(
        "hundreds of megabytes are gone on with where they stopped, by programs that could not hold them, and what had arrived amiss is sent again",
        .disabled(if: Sanitizer.isOn, "a sanitizer takes more memory than this grants"))
    func large() async throws {
        // Less memory than the object has bytes, whatever a thread's stack takes of it on a machine of many.
        let road = try Road(bytes: 200 << 20, running: #"""
            ulimit -s 2048; ulimit -d 180000
            REQUEST=$(cat); case "$REQUEST" in *archive.put*) echo > "$HERE/put-$RANDOM$RANDOM$RANDOM";; esac
            "$HAND" "$@" <<< "$REQUEST"
            """#)
        try FileManager.default.createDirectory(atPath: road.shelf, withIntermediateDirectories: true)
        try road.write(198 << 20, to: road.arriving)
        let file = try FileHandle(forUpdating: URL(filePath: road.arriving))
        try file.seek(toOffset: 195 << 20)
        try file.write(contentsOf: Data([0]))
        try file.close()
        try await road.carry(attempt: 1)
        #expect(road.isShelved)
        // The last two, and then the last piece from its beginning.
        #expect(try road.puts() == 2 + 8)
    }

    @Test("an object takes its own room on the shelf and no more", .enabled(if: getuid() == 0))
    func room() async throws {
        let road = try Road(bytes: 3 << 20)
        try FileManager.default.createDirectory(atPath: road.shelf, withIntermediateDirectories: true)
        try await SmallDisk.mounted(at: road.shelf, size: "5m") {
            try await road.carry(attempt: 1)
            #expect(road.isShelved)
            // What is longer than what is sent is another object's beginning.
            try FileManager.default.removeItem(atPath: road.shelved)
            try road.write(4 << 20, to: road.arriving)
            try await road.carry(attempt: 2)
            #expect(road.isShelved)
        }
    }

    @Test("what goes on arriving amiss is no object")
    func damaged() async throws {
        // The keeper's disk loses a byte of every slice.
        let road = try Road(bytes: 1 << 20, running: #"""
            "$HAND" "$@"; CODE=$?
            for ONE in "$HERE"/../shelf/*.arriving; do [ -e "$ONE" ] && printf X | dd of="$ONE" bs=1 seek=77 conv=notrunc status=none; done
            exit $CODE
            """#)
        await #expect(throws: StepFailure.self) { try await road.carry(attempt: 1) }
        #expect(!FileManager.default.fileExists(atPath: road.shelved))
    }
}
