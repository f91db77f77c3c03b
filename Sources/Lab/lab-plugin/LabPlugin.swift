import Foundation
import LabKit

/// The memory plugin of the lab, set up by its environment alone.
@main
enum LabPlugin {
    static func main() async {
        exit(await PluginProgram.run(environment: ProcessInfo.processInfo.environment))
    }
}
