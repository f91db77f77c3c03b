import Cutover
import Host

/// A version of the workspace server, by the plan: a command, or an image where it is a container. May be a reference into the host's env file.
struct ServerRelease: Sendable, Codable, Equatable {
    let text: String
    var isImage = false

    /// The variable of the env file that says which version runs.
    var variable: String { isImage ? WorkspaceServer.image : WorkspaceServer.command }

    /// Throws when the plan's form is not that of the server on the host.
    func resolved(_ env: EnvFile) throws -> String {
        guard WorkspaceServer.version(env) == variable else {
            throw StepFailure(
                "the plan replaces the server by \(isImage ? "an image, and on this host it is a plain process" : "a command, and on this host it is a container")",
                effect: .nothingChanged, next: "write `\(isImage ? "server" : "image"):` under fallback.remove, or put \(variable) into \(env.path)")
        }
        let value = try env.resolve(text)
        if !isImage { return value }
        do { return try ImageReference(value).text } catch {
            throw StepFailure("\(error)", effect: .nothingChanged, next: "name the image by its digest in the plan")
        }
    }

    /// What would run under these settings.
    func runtime(_ env: EnvFile) throws -> any ServiceRuntime { try WorkspaceServer(env.setting(variable, to: try resolved(env))).runtime }
}
