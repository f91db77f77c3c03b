import Cutover
import Foundation
import Testing
import Transports

@Suite("bundles that a transport puts on hosts") struct BundleExam {
    private static let machine: String = {
        var name = utsname()
        uname(&name)
        return withUnsafeBytes(of: name.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }()

    private static func run(_ script: String) { #expect(system("set -e; \(script)") == 0) }

    /// A folder of bundles in the host's own; its program is a shell script that has a library to read.
    private func bundles(_ host: ScriptHost, _ script: String, _ machines: [String] = [machine]) throws -> String {
        let tree = "\(host.path)/tree", folder = "\(host.path)/bundles"
        for path in ["\(tree)/lib", folder] { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        try Data("#!/bin/sh\n[ -e \"$(dirname \"$(realpath \"$0\")\")/lib/libx.so\" ] || exit 99\n\(script)\n".utf8).write(to: URL(fileURLWithPath: "\(tree)/cutoverctl"))
        try Data("library".utf8).write(to: URL(fileURLWithPath: "\(tree)/lib/libx.so"))
        Self.run("cd \(tree); chmod 755 cutoverctl; sha256sum cutoverctl lib/libx.so > manifest; for m in \(machines.joined(separator: " ")); do tar -czf \(folder)/cutoverctl-$m.tar.gz .; done")
        return folder
    }

    private func transport(_ host: ScriptHost, _ bundles: String) throws -> any Transport { try host.transport("exit 77", bundles: bundles) }

    private func digest(_ path: String) throws -> String { Digest.sha256([UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))) }

    @Test("a bundle is put there by its digest with all its files, and it runs by the same name", arguments: Road.allCases)
    func place(road: Road) async throws {
        let host = try await ScriptHost(road)
        let folder = try bundles(host, #"[ "$1" = --version ] || exit 7"#)
        let transport = try transport(host, folder)
        #expect(try await transport.probeHand(on: host.target) == .absent)
        let digest = try digest("\(folder)/cutoverctl-\(Self.machine).tar.gz")
        for _ in 0..<2 { #expect(try await transport.placeHand(on: host.target) == .present(digest: digest, isThisBuild: true)) }
        #expect(try await transport.probeHand(on: host.target) == .present(digest: digest, isThisBuild: true))
        #expect(host.names("state/bin") == ["cutoverctl", "cutoverctl-\(digest)"])
        #expect(host.names("state/bin/cutoverctl-\(digest)") == ["cutoverctl", "lib", "manifest", "seal"])
        #expect(try await host.run(transport).exitCode == 7)
        // Without bundles, it is another build, and takes its place.
        let plain = try host.transport("exit 8")
        #expect(try await plain.probeHand(on: host.target) == .present(digest: digest, isThisBuild: false))
        _ = try await plain.placeHand(on: host.target)
        #expect(try await host.run(plain).exitCode == 8)
    }

    @Test("a newer build succeeds an older one, and a bundle a program, but no bare program a bundle", arguments: Road.allCases)
    func successors(road: Road) async throws {
        let host = try await ScriptHost(road)
        let plain = try host.transport("exit 8")
        #expect(try await plain.handSuccessors(on: host.target).isEmpty)
        _ = try await plain.placeHand(on: host.target)
        #expect(try await plain.handSuccessors(on: host.target).isEmpty)
        let newer = try host.transport("exit 9")
        #expect(try await newer.handSuccessors(on: host.target) == [try digest(host.program)])

        let folder = try bundles(host, #"[ "$1" = --version ] || exit 7"#)
        let bundled = try transport(host, folder)
        let digest = try digest("\(folder)/cutoverctl-\(Self.machine).tar.gz")
        #expect(try await bundled.handSuccessors(on: host.target) == [digest])
        _ = try await bundled.placeHand(on: host.target)
        #expect(try await bundled.handSuccessors(on: host.target).isEmpty)
        #expect(try await newer.handSuccessors(on: host.target).isEmpty)
        // What is damaged is for a person to look at.
        try Data("damaged".utf8).write(to: URL(fileURLWithPath: "\(host.path)/state/bin/cutoverctl-\(digest)/lib/libx.so"))
        #expect(try await bundled.handSuccessors(on: host.target).isEmpty)
    }

    @Test("the one before is kept, and none that is older", arguments: Road.allCases)
    func kept(road: Road) async throws {
        let host = try await ScriptHost(road)
        var digests: [String] = []
        for number in 1...4 {
            let folder = try bundles(host, "[ \"$1\" = --version ] || exit \(number)")
            let transport = try transport(host, folder)
            _ = try await transport.placeHand(on: host.target)
            _ = try await transport.placeHand(on: host.target)
            digests.append(try digest("\(folder)/cutoverctl-\(Self.machine).tar.gz"))
            #expect(host.names("state/bin") == (["cutoverctl"] + digests.suffix(2).map { "cutoverctl-\($0)" }).sorted())
            #expect(try await host.run(transport).exitCode == number)
        }
    }

    @Test("one damaged file of it, and it is not this build; it is put there again", arguments: Road.allCases)
    func damaged(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try transport(host, bundles(host, "exit 0"))
        let whole = try await transport.placeHand(on: host.target)
        for file in ["lib/libx.so", "manifest", "seal"] {
            let folder = try #require(host.names("state/bin").first { $0 != "cutoverctl" })
            try Data("damaged".utf8).write(to: URL(fileURLWithPath: "\(host.path)/state/bin/\(folder)/\(file)"))
            #expect(try await transport.probeHand(on: host.target) == .present(digest: "damaged", isThisBuild: false))
            #expect(try await transport.placeHand(on: host.target) == whole)
            #expect(try await transport.probeHand(on: host.target) == whole)
            #expect(host.names("state/bin").count == 2)
        }
    }

    @Test("a bundle that does not run on the host, or is not what its manifest says, never takes the place of one that does", arguments: Road.allCases)
    func doesNotRun(road: Road) async throws {
        let host = try await ScriptHost(road)
        let good = try transport(host, bundles(host, #"[ "$1" = --version ] || exit 7"#))
        let placed = try await good.placeHand(on: host.target)
        let names = host.names("state/bin")
        let bad = try transport(host, bundles(host, "echo libnothing.so.9: cannot open >&2; exit 127"))
        let error = await #expect(throws: TransportError.self) { try await bad.placeHand(on: host.target) }
        #expect(error?.outcome == .neverSent)
        #expect(error?.detail.contains("libnothing.so.9") == true && error?.detail.contains("does not run on this host") == true, "\(String(describing: error))")

        let folder = try bundles(host, "exit 0")
        Self.run("cd \(host.path)/tree; echo other > lib/libx.so; tar -czf \(folder)/cutoverctl-\(Self.machine).tar.gz .")
        let torn = try transport(host, folder)
        await #expect(throws: TransportError.self) { try await torn.placeHand(on: host.target) }
        #expect(host.names("state/bin") == names)
        guard case (.present(let digest, _), .present(let before, _)) = (try await torn.probeHand(on: host.target), placed) else {
            Issue.record("nothing stands there any more")
            return
        }
        #expect(digest == before)
        #expect(try await host.run(torn).exitCode == 7)
    }

    @Test("an architecture that was not built is refused before anything is sent, by name", arguments: Road.allCases)
    func architecture(road: Road) async throws {
        let host = try await ScriptHost(road)
        let transport = try transport(host, bundles(host, "exit 0", ["pdp11", "vax"]))
        for action in [transport.probeHand, transport.placeHand] {
            let error = await #expect(throws: TransportError.self) { try await action(host.target) }
            #expect(error?.outcome == .neverSent)
            for word in [Self.machine, "pdp11, vax", "make bundle"] { #expect(error?.detail.contains(word) == true, "\(String(describing: error))") }
        }
        #expect(!host.has("state"))
    }

    @Test("a path that leads to no bundle is told as such", arguments: Road.allCases)
    func noBundle(road: Road) async throws {
        let host = try await ScriptHost(road)
        try FileManager.default.createDirectory(atPath: "\(host.path)/empty", withIntermediateDirectories: true)
        for folder in ["\(host.path)/empty", "\(host.path)/nowhere"] {
            let transport = try transport(host, folder)
            let error = await #expect(throws: TransportError.self) { try await transport.placeHand(on: host.target) }
            #expect(error?.outcome == .neverSent)
            #expect(error?.detail.contains("make bundle") == true, "\(String(describing: error))")
        }
        #expect(!host.has("state"))
    }
}
