import Cutover
import Foundation
import Host

/// Which plans use the tenant's one plugin: whoever leaves last stops it.
struct SidecarUse: Sendable {
    let host: HostSight

    private var folder: String { "\(StateFolder.tenant(of: host.statePath))/sidecar.users" }
    private var own: String { "\(folder)/\(host.statePath == StateFolder.tenant(of: host.statePath) ? "the tenant's own" : URL(filePath: host.statePath).lastPathComponent)" }

    var isNoted: Bool { FileManager.default.fileExists(atPath: own) }

    /// Noted, and not kept running: it is being brought up, or taken away.
    func begin() throws {
        try DurableFile.makeFolder(folder)
        try DurableFile.write("\n", to: own)
    }

    /// It ran: from now on the watch keeps it running.
    func keep(_ sidecar: Sidecar) throws { try DurableFile.write(try CanonicalJSON.text(sidecar), to: own) }

    /// What the watch is to keep running; nil when this plan never brought it up, or has left it.
    func kept() throws -> Sidecar? {
        guard let text = try DurableFile.read(own), !text.allSatisfy(\.isWhitespace) else { return nil }
        return try CanonicalJSON.value(Sidecar.self, from: text)
    }

    func end() throws { try DurableFile.remove(own) }

    /// Another plan uses it.
    var isShared: Bool {
        let (names, mine) = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [], URL(filePath: own).lastPathComponent)
        return names.contains { $0 != mine && !$0.hasSuffix(".new") }
    }

    private var lock: String { "\(StateFolder.tenant(of: host.statePath))/sidecar.lock" }

    /// Nil while somebody else has it.
    func tryTurn() throws -> FileLock? { try FileLock.tryTake(lock) }

    /// Held while the plugin is started or stopped.
    func turn() async throws -> FileLock {
        guard let turn = try await FileLock.take(lock, within: 60) else {
            throw StepFailure("somebody else is starting or stopping the plugin", effect: .nothingChanged, next: "cutoverctl why \(host.tenant)")
        }
        return turn
    }
}
