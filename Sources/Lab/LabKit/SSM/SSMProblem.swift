/// A refusal, by AWS's code and in its words.
struct SSMProblem: Error {
    let code: String
    let message: String
    var status = 400

    static func invalid(_ value: String, at name: String, _ constraint: String) -> SSMProblem {
        SSMProblem(
            code: "ValidationException", message: "1 validation error detected: Value '\(value)' at '\(name)' failed to satisfy constraint: Member must \(constraint)")
    }

    static func validation(_ message: String) -> SSMProblem { SSMProblem(code: "ValidationException", message: message) }
    static let malformed = SSMProblem(code: "com.amazon.coral.service#SerializationException", message: "")
    static let throttled = SSMProblem(code: "ThrottlingException", message: "Rate exceeded")

    static func notInState(_ instances: [String]) -> SSMProblem {
        SSMProblem(code: "InvalidInstanceId", message: "Instances [[\(instances.joined(separator: ", "))]] not in a valid state for account 111122223333")
    }

    /// What a test asks for by its code alone.
    static func named(_ code: String) -> SSMProblem {
        switch code {
        case "InternalServerError": SSMProblem(code: code, message: "An error occurred on the server side.", status: 500)
        case "ServiceUnavailable", "ServiceUnavailableException": SSMProblem(code: code, message: "", status: 503)
        default: SSMProblem(code: code, message: code == "ThrottlingException" ? "Rate exceeded" : "refused by the lab")
        }
    }

    /// Coral's own errors spell the message's name with a capital.
    var body: JSONValue {
        let name = code.hasPrefix("com.amazon.coral") ? "Message" : "message"
        return .object([.init(name: "__type", value: .string(code)), .init(name: name, value: .string(message))])
    }
}
