import Foundation
import Synchronization

/// The variables of a container on this host, for what the host's env file does not say itself. They are kept in memory alone.
public final class ContainerEnvironment: Sendable {
    /// What names the container in the env file.
    public static let variable = "ENVIRONMENT_CONTAINER"

    public let name: String
    private let tool: ContainerTool
    private let state = Mutex(Found.trouble("it was not asked yet"))

    private enum Found {
        case variables([String: String])
        case trouble(String)
    }

    init(name: String, tool: ContainerTool) {
        self.name = name
        self.tool = tool
    }

    /// The one that the env file names, asked; nil when it names none, or is not there.
    static func named(in path: String) async -> ContainerEnvironment? {
        guard let env = try? EnvFile.read(path), let name = env[variable], !name.isEmpty else { return nil }
        let environment = ContainerEnvironment(name: name, tool: ContainerTool(named: env["CONTAINER_RUNTIME"]))
        await environment.refresh()
        return environment
    }

    /// Asks again; what was known stays where there is no answer. A container that was just put aside, to be replaced, still counts.
    public func refresh() async {
        var found = Found.trouble("no container of that name is there")
        do {
            for name in [name, "\(name)-before"] {
                guard let variables = try await Container.variables(of: name, tool) else { continue }
                found = .variables(variables)
                break
            }
        } catch { found = .trouble("\(error)") }
        state.withLock { [found] state in
            if case .variables = state, case .trouble = found { return }
            state = found
        }
    }

    /// Throws while it is not known: what runs without them might be taken for what is wanted.
    func variables() throws(HostFault) -> [String: String] {
        switch state.withLock({ $0 }) {
        case .variables(let variables): return variables
        case .trouble(let why): throw HostFault.said("the environment of the container \(name), which the env file names, is not known: \(why)")
        }
    }
}
