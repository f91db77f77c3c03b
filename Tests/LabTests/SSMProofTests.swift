import Foundation
import LabKit
import ProgramsTestKit
import Testing

/// The endpoint as AWS's own client finds it, its answers held against AWS's own model: see ssm_proof.py.
@Suite("the lab's SSM endpoint") struct SSMProofTests {
    @Test(
        "is what awscli and botocore take for the service, in all that the model says of it",
        arguments: [
            ["signatures", "inventory", "refusals"], ["running", "limits", "pages"], ["delays", "misfortunes"], ["ends"], ["command_line"],
        ])
    func proof(parts: [String]) async throws {
        let hosts = (1...60).map { LabSSMHost(instanceID: LabSSMHost.instanceID($0), tags: ["parity": $0 % 2 == 0 ? "even" : "odd"]) }
        let ssm = try await LabSSM.start(hosts: hosts)
        let found = try await Self.prove(parts, ssm.environment)
        await ssm.stop()
        #expect(found.code == 0, "\(parts.joined(separator: ", ")):\n\(found.said)")
        #expect(!FileManager.default.fileExists(atPath: ssm.folder))
    }

    @Test("hands out the files of a folder, and nothing beside it")
    func files() async throws {
        let folder = NSTemporaryDirectory() + "lab-ssm-files-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: "\(folder)/files", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let bytes = Data((0..<3 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        try bytes.write(to: URL(fileURLWithPath: "\(folder)/files/program"))
        try bytes.write(to: URL(fileURLWithPath: "\(folder)/secret"))
        let ssm = try await LabSSM.start(hosts: [LabSSMHost(instanceID: LabSSMHost.instanceID(1))], files: "\(folder)/files")
        #expect(try await Self.get("\(ssm.endpoint)/files/program") == bytes)
        #expect(try await Self.get("\(ssm.endpoint)/files/..%2fsecret") != bytes)
        #expect(try await Self.get("\(ssm.endpoint)/files/nothing") != bytes)
        await ssm.stop()
    }

    private static let getting = """
        import sys, urllib.error, urllib.request
        try: sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1]).read())
        except urllib.error.HTTPError: pass
        """

    private static func get(_ url: String) async throws -> Data { try await python(["-c", getting, url]).output }

    private static func prove(_ parts: [String], _ environment: [String: String]) async throws -> EndedProgram {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "ssm_proof.py").path
        return try await python([script] + parts, environment)
    }

    /// The Python of the environment that .ci/setup makes.
    private static func python(_ words: [String], _ environment: [String: String] = [:]) async throws -> EndedProgram {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
        let folder = ProcessInfo.processInfo.environment["CUTOVER_PYTHON"] ?? "\(repository)/.build/python"
        return try await EndedProgram.run(
            ["\(folder)/bin/python3"] + words,
            environment: environment.merging(["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true"]) { own, _ in own })
    }
}
