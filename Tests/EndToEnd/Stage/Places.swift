import Foundation

/// Where the built programs lie, and the repository they were built from.
struct Places: Sendable {
    let programs: String
    let repository: String

    static func find() throws -> Places {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let programs = (own as NSString).deletingLastPathComponent
        for name in ["cutoverctl", "cutover-lab", "lab-plugin", "lab-workspace-server"] where !FileManager.default.isExecutableFile(atPath: "\(programs)/\(name)") {
            throw Trouble("\(name) does not lie beside this program: swift build")
        }
        var repository = programs
        while !FileManager.default.fileExists(atPath: "\(repository)/Plans/lab.yaml") {
            guard repository != "/" else { throw Trouble("no Plans/lab.yaml above \(programs)") }
            repository = (repository as NSString).deletingLastPathComponent
        }
        return Places(programs: programs, repository: repository)
    }

    func program(_ name: String) -> String { "\(programs)/\(name)" }
    var plan: String { "\(repository)/Plans/lab.yaml" }
}
