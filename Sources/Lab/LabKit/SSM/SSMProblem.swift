import Foundation

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

    /// What a test asks for: a code, or a code and what is said with it, after a colon.
    static func named(_ text: String) -> SSMProblem {
        let sides = text.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
        let code = sides.first ?? ""
        let message = sides.count > 1 ? sides[1] : code == "ThrottlingException" ? "Rate exceeded" : "refused by the lab"
        return SSMProblem(code: code, message: message, status: ["InternalServerError": 500, "ServiceUnavailable": 503][code] ?? 400)
    }

    /// Coral's own errors spell the message's name with a capital.
    var body: JSONValue {
        let name = code.hasPrefix("com.amazon.coral") ? "Message" : "message"
        return .object([.init(name: "__type", value: .string(code)), .init(name: name, value: .string(message))])
    }
}
