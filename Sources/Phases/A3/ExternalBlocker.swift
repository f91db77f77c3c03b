import Cutover
import Foundation
import HTTP

/// Something outside of the migration that has to be closed before the drop: a person attests it, or whoever keeps it is asked.
struct ExternalBlocker: Sendable, Equatable {
    let name: String
    /// Nil where a person attests it.
    var question: Question?

    /// A document in JSON and the field of it that tells.
    struct Question: Sendable, Equatable {
        let url: String
        /// Where in the document, names parted by dots.
        var field = "state"
        var closed = "closed"
        /// The variable of this machine, not of the host, that holds a token.
        var token: String?
    }

    var gate: Gate {
        guard let question else {
            return Gate("\(name) is closed", clearedBy: .person("cutoverctl attest TENANT --blocker \(name) --reason TEXT"), waiving: .allowed) { sight in
                guard let consent = sight.consent(to: Attestation.blocker(name)) else { return .shut("nobody attested that \(name) is closed") }
                return .open(Evidence(["by": consent.by.text, "reason": consent.reason]))
            }
        }
        return Gate("\(name) is closed", clearedBy: .person("cutoverctl advance TENANT, once \(name) is closed at \(question.url)"), waiving: .allowed) { sight in
            if let known = await Self.answers.kept(question.url, at: sight.time.now) { return known }
            let verdict = await question.ask(name)
            await Self.answers.keep(verdict, question.url, at: sight.time.now)
            return verdict
        }
    }

    private static let answers = BlockerAnswers()
}

extension ExternalBlocker.Question {
    /// What can't be read is unknown, and never closed.
    func ask(_ name: String) async -> Gate.Verdict {
        var headers = ["accept": "application/json", "user-agent": "cutoverctl"]
        if let token {
            guard let secret = ProcessInfo.processInfo.environment[token], !secret.isEmpty else { return .unknown("the variable \(token), which holds the token for \(url), is not set here") }
            headers["authorization"] = "Bearer \(secret)"
        }
        let response: HTTPResponse
        do {
            response = try await HTTPClient().send(HTTPRequest("GET", url, headers: headers, timeoutMilliseconds: 15_000, connectMilliseconds: 5000, answerLimit: 4 << 20))
        } catch { return .unknown("\(url) does not answer: \(SecretShapes.blotted("\(error)"))") }
        guard response.status == 200 else { return .unknown("\(url) answers \(response.status)") }
        guard let document = try? JSONSerialization.jsonObject(with: Data(response.body)) else { return .unknown("\(url) answers no JSON") }
        guard let state = value(in: document) else { return .unknown("what \(url) answers has no text at \(field)") }
        return state == closed ? .open(Evidence([field: state, "from": url])) : .shut("\(name) is \(SecretShapes.blotted(String(state.prefix(60)))) at \(url)")
    }

    private func value(in document: Any) -> String? {
        var at: Any? = document
        for part in field.split(separator: ".") { at = (at as? [String: Any])?[String(part)] }
        return at as? String
    }
}

/// Answers that were not *closed*, for a minute: a loop would ask twice a second for hours. What is closed is asked again each time.
private actor BlockerAnswers {
    private var known: [String: (verdict: Gate.Verdict, at: Timestamp)] = [:]

    func kept(_ url: String, at now: Timestamp) -> Gate.Verdict? {
        guard let (verdict, at) = known[url], now >= at, now.seconds(since: at) < 60 else { return nil }
        return verdict
    }

    func keep(_ verdict: Gate.Verdict, _ url: String, at now: Timestamp) { known[url] = verdict.isOpen ? nil : (verdict, now) }
}
