import Cutover
import Foundation
import Host

/// Which plans use the tenant's one plugin: whoever leaves last stops it.
struct SidecarUse: Sendable {
    let host: HostSight

    private var folder: String { "\(StateFolder.tenant(of: host.statePath))/sidecar.users" }
    private var own: String { "\(folder)/\(host.statePath == StateFolder.tenant(of: host.statePath) ? "the tenant's own" : URL(filePath: host.statePath).lastPathComponent)" }

    var isNoted: Bool { FileManager.default.fileExists(atPath: own) }

    func begin() throws {
        try DurableFile.makeFolder(folder)
        try DurableFile.write("\n", to: own)
    }

    /// The plans that still use it.
    func end() throws -> [String] {
        try DurableFile.remove(own)
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    /// Held while the plugin is started or stopped.
    func turn() async throws -> FileLock {
        guard let turn = try await FileLock.take("\(StateFolder.tenant(of: host.statePath))/sidecar.lock", within: 60) else {
            throw StepFailure("another plan is starting or stopping the plugin", effect: .nothingChanged, next: "cutoverctl why \(host.tenant)")
        }
        return turn
    }
}
