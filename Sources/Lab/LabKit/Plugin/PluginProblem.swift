/// Why a request to the plugin is not carried out.
enum PluginProblem: Error {
    case badRequest(String)
    case notFound(String)
    case wrongMethod
    case broken(String)

    var answer: Answer {
        switch self {
        case .badRequest(let what): Self.error(400, "bad_request", what)
        case .notFound(let what): Self.error(404, "not_found", what)
        case .wrongMethod: Self.error(405, "bad_request", "method not allowed")
        case .broken(let what): Self.error(500, "internal", what)
        }
    }

    private static func error(_ status: Int, _ code: String, _ message: String) -> Answer {
        .json(status, ["code": .string(code), "message": .string(message)])
    }
}
