import Foundation

/// Why a call brought no answer, told apart by what that leaves.
enum SSMError: Error, Equatable {
    /// AWS refused: nothing was done. `code` as in its model.
    case refused(code: String, message: String)
    /// Nothing was sent.
    case unsent(String)
    /// It was sent, and what became of it is not known.
    case unclear(String)

    var detail: String {
        switch self {
        case .refused(let code, let message): message.isEmpty ? "AWS refused: \(code)" : "AWS refused: \(code): \(message)"
        case .unsent(let text), .unclear(let text): text
        }
    }

    /// What an answer that is no success says.
    init(status: Int, headers: [String: String], body: [UInt8]) {
        let said = try? JSONDecoder().decode(Said.self, from: Data(body))
        let code = said?.code ?? headers["x-amzn-errortype"].map(Said.bare) ?? "status \(status)"
        // Of what is not in its model's form nothing is repeated: nobody knows what it holds.
        let message = said?.text.map { String($0.prefix(300)).replacing("\n", with: " ") } ?? ""
        self = status >= 500 ? .unclear("AWS answered \(status): \(code)") : .refused(code: code, message: message)
    }

    private struct Said: Decodable {
        let type: String?
        let lower: String?
        let upper: String?
        enum CodingKeys: String, CodingKey { case type = "__type", lower = "message", upper = "Message" }
        var code: String? { type.map(Self.bare) }
        var text: String? { lower ?? upper }
        /// `com.amazonaws.ssm#InvalidInstanceId:http://…` is `InvalidInstanceId`.
        static func bare(_ type: String) -> String {
            let name = type.split(separator: "#").last.map(String.init) ?? type
            return String((name.split(separator: ":").first ?? "").filter { $0.isLetter || $0.isNumber || $0 == "." || $0 == "_" }.prefix(80))
        }
    }

    /// AWS wants fewer calls.
    var isThrottle: Bool {
        guard case .refused(let code, _) = self else { return false }
        return Self.throttles.contains(code)
    }

    /// The keys are old or unknown: others may be good.
    var wantsOtherKeys: Bool {
        guard case .refused(let code, _) = self else { return false }
        return ["ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"].contains(code)
    }

    var isSkew: Bool {
        guard case .refused(let code, let message) = self else { return false }
        if ["RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture"].contains(code) { return true }
        return ["InvalidSignatureException", "SignatureDoesNotMatch"].contains(code)
            && (message.contains("expired") || message.contains("not yet current"))
    }

    private static let throttles: Set<String> = [
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException", "TooManyRequestsException",
        "RequestLimitExceeded", "LimitExceededException", "SlowDown", "BandwidthLimitExceeded", "PriorRequestNotComplete",
    ]
}
