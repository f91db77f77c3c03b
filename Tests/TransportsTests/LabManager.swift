import Foundation
import LabKit
import Transports

/// The lab's own endpoint of Systems Manager, for all tests of this run, with a host that answers sooner than most.
final class LabManager: Sendable {
    static let instance = LabSSMHost.instanceID(1)
    private static let folder = NSTemporaryDirectory() + "lab-manager-\(getpid())"
    private static let running = Task { try await LabManager() }
    static func shared() async throws -> LabManager { try await running.value }

    private let lab: LabSSM
    private let path: String

    /// One of a test's own, that misbehaves as told. To be stopped.
    static func alone(_ change: (inout LabSSMFaults) -> Void) async throws -> LabManager { try await LabManager(NSTemporaryDirectory() + "lab-alone-\(UUID().uuidString)", change) }

    private init(_ folder: String = LabManager.folder, _ change: (inout LabSSMFaults) -> Void = { _ in }) async throws {
        path = folder
        atexit { try? FileManager.default.removeItem(atPath: LabManager.folder) }
        try FileManager.default.createDirectory(atPath: "\(folder)/answers", withIntermediateDirectories: true)
        var faults = LabSSMFaults()
        (faults.callsPerSecond, faults.burst, faults.spacedDetails) = (200, 100, true)
        (faults.invocationSeconds, faults.listingSeconds, faults.deliverySeconds, faults.reportSeconds) = (0.05, 0.1, 0.02, 0.02)
        change(&faults)
        lab = try await LabSSM.start(hosts: [LabSSMHost(instanceID: Self.instance)], faults: faults, folder: folder)
    }

    func stop() async {
        await lab.stop()
        try? FileManager.default.removeItem(atPath: path)
    }

    func change(_ body: (inout LabSSMFaults) -> Void) { lab.change(body) }
    /// How often an agent ran anything.
    var runs: Int { get async { await lab.runs.count } }
    var calls: [String: Int] { lab.calls }

    func transport(_ program: String, bundles: String? = nil) -> SSMTransport {
        var settings = SSMSettings(environment: lab.environment)
        (settings.lookMilliseconds, settings.pauseMilliseconds, settings.answersFolder) = (50, 50, "\(path)/answers")
        (settings.callsPerSecond, settings.callsInABurst) = (150, 50)
        // Where nobody is to be given up: a busy machine takes long.
        settings.deliverySeconds = 600
        return SSMTransport(program: program, bundles: bundles, settings: settings, credentials: AWSCredentialChain(environment: lab.environment))
    }
}
