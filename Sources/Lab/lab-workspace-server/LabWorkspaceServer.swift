import Foundation
import LabKit

/// The workspace server of the lab; with `--strict`, the version that knows no other store than the plugin.
@main
enum LabWorkspaceServer {
    static func main() async {
        let process = ProcessInfo.processInfo
        exit(await WorkspaceProgram.run(environment: process.environment, arguments: process.arguments))
    }
}
