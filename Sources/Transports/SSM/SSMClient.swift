import Crypto
import Foundation
import HTTP
import Synchronization

/// Systems Manager in one region: JSON 1.1 over requests that libcurl signs.
///
/// Readings are made again when that may help, with full jitter. What changes something is sent once; only a refusal, which left nothing
/// done, makes it be sent again.
final class SSMClient: Sendable {
    private static let attempts = 9
    private static let callMilliseconds = 30_000
    private static let connectMilliseconds = 5000

    let region: String
    let budget: CallBudget
    private let url: String
    private let credentials: any AWSCredentialSource
    private let firstPause: Double
    private let pool = HTTPPool(connections: 8)
    /// What AWS's clock is ahead of ours, seconds.
    private let ahead = Mutex(0.0)

    init(region: String, settings: SSMSettings, credentials: any AWSCredentialSource) {
        self.region = region
        self.credentials = credentials
        var url = settings.endpoint ?? "https://ssm.\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")"
        while url.hasSuffix("/") { url.removeLast() }
        self.url = url + "/"
        firstPause = Double(settings.pauseMilliseconds) / 1000
        budget = CallBudget(perSecond: settings.callsPerSecond, burst: settings.callsInABurst)
    }

    /// Seconds since 1970 by AWS's clock, as far as it was heard.
    var time: Double { Date().timeIntervalSince1970 + ahead.withLock { $0 } }

    /// - Parameter alsoAgain: further refusals that may pass.
    func ask<Call: SSMReading>(_ call: Call, alsoAgain: Set<String> = []) async throws(SSMError) -> Call.Answer {
        try await make(call, kept: true) { error in
            switch error {
            case .unsent, .unclear: true
            case .refused(let code, _): alsoAgain.contains(code)
            }
        }
    }

    /// Sent again only if nothing can have been done. Goes over a connection of its own: one that was kept, and that AWS is just closing,
    /// would leave the fate of what was sent on it unclear for nothing.
    func order<Call: SSMCall>(_ call: Call) async throws(SSMError) -> Call.Answer {
        try await make(call, kept: false) { error in
            if case .unsent = error { return true }
            return false
        }
    }

    // MARK: - Non public

    private func make<Call: SSMCall>(_ call: Call, kept: Bool, again: (SSMError) -> Bool) async throws(SSMError) -> Call.Answer {
        let body: [UInt8]
        do { body = [UInt8](try JSONEncoder().encode(call)) } catch { throw .unsent("\(Call.name) cannot be written as JSON: \(error)") }
        var hadOtherKeys = false
        for attempt in 0... {
            do { try await budget.take() } catch { throw .unsent("given up before it was sent") }
            let keys: AWSCredentials
            do { keys = try await credentials.credentials() } catch { throw .unsent(error.description) }
            let trouble: SSMError
            do {
                let answer: Call.Answer = try await once(Call.self, body, keys, kept)
                await budget.answered()
                return answer
            } catch { trouble = error }
            if trouble.isThrottle { await budget.refused() }
            if trouble.isSkew { throw skewed(trouble) }
            if trouble.wantsOtherKeys, !hadOtherKeys {
                hadOtherKeys = true
                await credentials.discard(keys)
                continue
            }
            guard attempt + 1 < Self.attempts, trouble.isThrottle || again(trouble), !Task.isCancelled else { throw trouble }
            let pause = FullJitter.pauseSeconds(attempt: attempt, first: firstPause, chance: .random(in: 0..<1))
            do { try await Task.sleep(for: .seconds(pause)) } catch { throw trouble }
        }
        throw .unsent("\(Call.name) was never sent")
    }

    private func once<Call: SSMCall>(_ type: Call.Type, _ body: [UInt8], _ keys: AWSCredentials, _ kept: Bool) async throws(SSMError) -> Call.Answer {
        let headers = [
            "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.\(Call.name)",
            "x-amz-content-sha256": SHA256.hash(data: body).map { String(format: "%02x", $0) }.joined(),
        ]
        let signing = SigningKeys(
            region: region, service: "ssm", accessKeyID: keys.accessKeyID, secretAccessKey: keys.secretAccessKey, sessionToken: keys.sessionToken)
        let request = HTTPRequest(
            "POST", url, headers: headers, body: body, timeoutMilliseconds: Self.callMilliseconds, connectMilliseconds: Self.connectMilliseconds,
            signedBy: signing)
        let answer: HTTPResponse
        do { answer = try await kept ? pool.send(request) : HTTPClient().send(request) } catch {
            switch error {
            case .unreachable(let text): throw .unsent("\(Call.name) did not reach \(url): \(text)")
            case .outcomeUnknown(let text): throw .unclear("\(Call.name) had no answer from \(url): \(text)")
            case .tooLarge: throw .unclear("the answer to \(Call.name) is larger than any of AWS's")
            }
        }
        hear(answer)
        guard answer.status == 200 else { throw SSMError(status: answer.status, headers: answer.headers, body: answer.body) }
        do { return try JSONDecoder().decode(Call.Answer.self, from: Data(answer.body)) } catch {
            throw .unclear("the answer to \(Call.name) is not in the form of AWS's model")
        }
    }

    private func hear(_ answer: HTTPResponse) {
        guard let date = answer.headers["date"], let time = Self.time(date) else { return }
        ahead.withLock { $0 = time.timeIntervalSinceNow }
    }

    static func time(_ header: String) -> Date? {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return format.date(from: header)
    }

    private func skewed(_ trouble: SSMError) -> SSMError {
        let seconds = Int(ahead.withLock { $0 })
        let word = seconds < 0 ? "ahead of" : "behind"
        return .unsent("this machine's clock is \(abs(seconds)) s \(word) AWS's, which refuses our signatures: set the clock (\(trouble.detail))")
    }
}
