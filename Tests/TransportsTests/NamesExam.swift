import Cutover
import Foundation
import Testing
import Transports

@Suite("names that a shell would obey") struct NamesExam {
    /// What is written in place of MARK is the name of a file that nobody but a shell would make.
    static let tricks = [
        "a b", "$(touch MARK)", "`touch MARK`", "'; touch MARK; '", "\"; touch MARK; \"", "a;touch MARK", "a|touch MARK", "a&touch MARK", "a\ntouch MARK", "-rf", "*", "%s%n", "ＭＡ；touch MARK", "~root", "\\", "#x", "!!", "<MARK", ">MARK",
        "${IFS}touch${IFS}MARK", "\ttouch MARK", "'", "\"",
    ]

    static func leftovers(_ mark: String, _ host: ScriptHost) -> [String] {
        let places = [host.path, FileManager.default.currentDirectoryPath, NSHomeDirectory(), "/", "/tmp", "/root"]
        return places.filter { FileManager.default.fileExists(atPath: "\($0)/\(mark)") }
    }

    @Test("a state folder of such names is a folder: the program is looked for, put, called and taken away there, and nothing else happens", arguments: Road.allCases)
    func folders(road: Road) async throws {
        let host = try await ScriptHost(road)
        let mark = "obeyed-\(UUID().uuidString.prefix(8))"
        let folder = Self.tricks.map { $0.replacing("MARK", with: mark) }.joined(separator: "/")
        let there = TenantHost(id: "acme", host: host.target.host, transport: "local", labels: [:], env: "\(host.path)/env", state: "\(host.path)/\(folder)/state")
        let transport = try host.transport(#"cat; echo "$0""#)
        _ = try await transport.probeHand(on: there)
        _ = try await transport.placeHand(on: there)
        guard case .present = try await transport.probeHand(on: there) else {
            Issue.record("the program is not there")
            return
        }
        let input = Self.tricks.map { $0.replacing("MARK", with: mark) }.joined(separator: "\n")
        let result = try await transport.run(RemoteAction(id: "op-1", operationClass: .writing, input: Array(input.utf8), timeoutSeconds: 60), on: there)
        #expect(result.output == "\(input)\(there.state)/bin/cutoverctl\n")
        try await transport.removeHand(from: there)
        #expect(try FileManager.default.contentsOfDirectory(atPath: there.state).isEmpty)
        #expect(Self.leftovers(mark, host) == [])
    }

    @Test("a state folder that is a link gets no program, and loses none", arguments: Road.allCases)
    func linked(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try host.transport("echo ran")
        let other = "\(host.path)/other"
        try FileManager.default.createDirectory(atPath: "\(other)/bin", withIntermediateDirectories: true)
        try Data("theirs".utf8).write(to: URL(fileURLWithPath: "\(other)/bin/cutoverctl"))
        try FileManager.default.createSymbolicLink(atPath: host.target.state, withDestinationPath: other)
        for _ in 0..<2 {
            let placing = await #expect(throws: TransportError.self) { try await transport.placeHand(on: host.target) }
            #expect(placing?.detail.contains("symbolic link") == true)
        }
        await #expect(throws: TransportError.self) { try await transport.removeHand(from: host.target) }
        #expect(try String(contentsOfFile: "\(other)/bin/cutoverctl", encoding: .utf8) == "theirs")
    }

    @Test("a host's name is no option of ssh's, and no command", arguments: ["-oProxyCommand=touch MARK", "acme.test;touch MARK", "$(touch MARK)", "acme.test\ntouch MARK", "`touch MARK`", "ssh://-oProxyCommand=x/", "'; touch MARK; '"])
    func hosts(name: String) async throws {
        let host = try await ScriptHost(.ssh)
        let mark = "obeyed-\(UUID().uuidString.prefix(8))"
        let transport = try await host.placed("echo ran")
        let there = TenantHost(id: "acme", host: name.replacing("MARK", with: mark), transport: "ssh", labels: [:], env: host.target.env, state: host.target.state)
        let error = await #expect(throws: TransportError.self) {
            try await transport.run(RemoteAction(id: "op-1", operationClass: .writing, input: [], timeoutSeconds: 20), on: there)
        }
        #expect(error?.outcome == .neverSent)
        #expect(Self.leftovers(mark, host) == [])
    }
}
