import Cutover
import Foundation
import Testing
import Transports

/// The transports that the exam is for.
enum Road: String, CaseIterable, Sendable, CustomTestStringConvertible {
    /// By Systems Manager twice: as botocore judges it, and as the lab plays it, with its delays and limits.
    case local, ssh, ssm, lab
    var testDescription: String { rawValue }
}

/// A host in a folder of the test, and a shell script that stands for the program put on hosts.
final class ScriptHost: Sendable {
    let road: Road
    let path: String
    let target: TenantHost
    private let server: SSHServer?
    private let manager: SystemsManager?
    private let lab: LabManager?

    /// - Parameters:
    ///   - manager: in place of the one that all tests share.
    ///   - alone: the same, of the lab's.
    init(_ road: Road, _ manager: SystemsManager? = nil, lab alone: LabManager? = nil) async throws {
        self.road = road
        server = road == .ssh ? try await SSHServer.shared() : nil
        if let manager { self.manager = manager } else { self.manager = road == .ssm ? try await SystemsManager.shared() : nil }
        path = NSTemporaryDirectory() + "transport-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        if let alone { lab = alone } else { lab = road == .lab ? try await LabManager.shared() : nil }
        let name = road == .ssm ? "i-0123456789abcdef0" : road == .lab ? LabManager.instance : "acme.test"
        target = TenantHost(id: "acme", host: name, transport: "local", labels: [:], env: "\(path)/env", state: "\(path)/state")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var program: String { "\(path)/program" }
    var hand: String { "\(path)/state/bin/cutoverctl" }

    /// A transport that puts this script on hosts. The script's file is a new one each time, as a build makes it.
    func transport(_ script: String, bundles: String? = nil) throws -> any Transport {
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: program), options: .atomic)
        chmod(program, 0o755)
        return transport(of: program, bundles: bundles)
    }

    func transport(of program: String, bundles: String? = nil) -> any Transport {
        if let manager { return manager.transport(program, bundles: bundles) }
        if let lab { return lab.transport(program, bundles: bundles) }
        guard let server else { return LocalTransport(program: program, bundles: bundles) }
        return SSHTransport(program: program, bundles: bundles, settings: server.settings)
    }

    /// A transport whose script stands on the host already.
    func placed(_ script: String) async throws -> any Transport {
        let transport = try transport(script)
        for attempt in 1... {
            do {
                _ = try await transport.placeHand(on: target)
                break
            } catch {
                // What was never sent may be sent again: a busy machine ends a connection now and then.
                guard attempt < 4, error.outcome == .neverSent else { throw error }
            }
        }
        return transport
    }

    func run(
        _ transport: any Transport, _ operationClass: OperationClass = .writing, input: [UInt8] = [], within seconds: Int = 240
    ) async throws(TransportError) -> ActionResult {
        try await transport.run(RemoteAction(id: "op-1", operationClass: operationClass, input: input, timeoutSeconds: seconds), on: target)
    }

    func names(_ folder: String) -> [String] { ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? []).sorted() }

    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }
}
