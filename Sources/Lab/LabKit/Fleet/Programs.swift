import Foundation

/// The lab's programs, which lie in one folder.
struct Programs: Sendable {
    /// The absolute path of the running program.
    let own: String

    static func present() -> Programs {
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return Programs(own: path ?? CommandLine.arguments[0])
    }

    func sibling(_ name: String) throws -> String {
        let path = URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent(name).path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw Spawn.Failed(description: "\(path) is missing. Nothing was started. Type: swift build --product \(name)")
        }
        return path
    }
}
