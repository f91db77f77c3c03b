import Cutover
import Foundation
import Host

/// A folder of its own for one test, removed with it, and the host that would keep its state there.
final class Folder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "phases-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// - Parameter env: the lines of the host's env file.
    func host(env: String = "") throws -> HostSight {
        try Data(env.utf8).write(to: URL(fileURLWithPath: "\(path)/env"))
        return HostSight(tenant: "acme", statePath: path, envPath: "\(path)/env")
    }

    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }
}
