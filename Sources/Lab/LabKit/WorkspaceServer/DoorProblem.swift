/// Why a door of the workspace server does not do what it was asked.
enum DoorProblem: Error {
    case status(Int, String)
    /// The strict version cannot reach the plugin.
    case pluginUnavailable(PluginFailure)

    static let noSuchRoute = DoorProblem.status(404, "not found")

    var answer: Answer {
        switch self {
        case .status(let status, let what): .json(status, ["error": .string(what)])
        case .pluginUnavailable(let failure):
            .json(503, ["error": "memory plugin unavailable", "reason": .string(failure.reason)])
        }
    }
}
