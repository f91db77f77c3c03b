import Cutover
import Host

/// What the plan says about a program that runs as a container. Values may be references into the host's env file.
struct ContainerChoice: Sendable, Codable, Equatable {
    /// By digest.
    let image: String
    /// The command line of docker or podman; the host's CONTAINER_RUNTIME, else whichever answers, when nil.
    var tool: String?
    /// More options for its `run`.
    var options: [String]?

    func runtime(_ name: String, _ env: EnvFile, arguments: [String] = []) throws -> ContainerRuntime {
        let reference: ImageReference
        do { reference = try ImageReference(try env.resolve(image)) } catch let fault as HostFault {
            throw StepFailure("\(fault)", effect: .nothingChanged, next: "name the image by its digest in the plan")
        }
        let named = try tool.map { try env.resolve($0) } ?? env["CONTAINER_RUNTIME"]
        let more = options ?? (env["CONTAINER_OPTIONS"] ?? "").split(separator: " ").map(String.init)
        return ContainerRuntime(name: name, image: reference, arguments: arguments, options: more, tool: ContainerTool(named: named))
    }
}
