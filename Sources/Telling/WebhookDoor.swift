public import Cutover
import Foundation
import HTTP

/// Posts notices to an address as JSON that Slack takes: `text` and fields to be shown, and beside them the notice's own keys.
public struct WebhookDoor: HookDoor {
    private let url: String
    private let timeoutMilliseconds: Int

    /// - Parameter url: a secret as a whole: whoever knows it can speak there.
    public init(url: String, timeoutMilliseconds: Int = 10_000) {
        self.url = url
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    public func tell(_ notice: Notice) async throws(HookTrouble) {
        let headers = ["Content-Type": "application/json", "Idempotency-Key": Digest.sha256(notice.id)]
        let request = HTTPRequest("POST", url, headers: headers, body: Self.body(notice), timeoutMilliseconds: timeoutMilliseconds, answerLimit: 1 << 16)
        let answer: HTTPResponse
        do { answer = try await HTTPClient().send(request) } catch {
            switch error {
            // Not their details: a client's complaint may name the address.
            case .unreachable: throw HookTrouble("it can't be reached")
            case .outcomeUnknown: throw HookTrouble("it gave no whole answer within \(timeoutMilliseconds / 1000) s, so it may have heard it")
            // It has heard it, and said too much.
            case .tooLarge: return
            }
        }
        switch answer.status {
        case 200..<300: return
        // Wrong is what was said, and not that it was said here or now.
        case 400, 413, 415, 422: throw HookTrouble("it answered \(answer.status)", isFinal: true)
        default: throw HookTrouble("it answered \(answer.status)", leaveAlone: min(answer.retryAfterSeconds ?? 0, 3600))
        }
    }

    // MARK: - Non public

    private struct Body: Encodable {
        struct Attachment: Encodable {
            let color: String
            let fields: [Field]
        }
        struct Field: Encodable {
            let title: String
            let value: String
            let short: Bool
        }
        let text: String
        let attachments: [Attachment]
        let id: String
        let kind: String
        let plan: String
        let tenant: String?
        let step: String?
        let at: String
        let by: String
        let next: String
    }

    static func body(_ notice: Notice) -> [UInt8] {
        let fields = [("Plan", notice.plan), ("Tenant", notice.tenant?.text), ("Step", notice.step), ("At", notice.at), ("Next", notice.next)]
        let shown = fields.compactMap { title, value in value.map { Body.Field(title: title, value: escaped($0), short: title != "Next") } }
        let body = Body(
            text: escaped(notice.text), attachments: [Body.Attachment(color: color(notice.kind), fields: shown)], id: notice.id, kind: notice.kind.rawValue, plan: notice.plan,
            tenant: notice.tenant?.text, step: notice.step, at: notice.at, by: notice.by, next: notice.next)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array((try? encoder.encode(body)) ?? Data("{}".utf8))
    }

    private static func color(_ kind: Notice.Kind) -> String {
        switch kind {
        case .stepFailed, .outcomeUnknown, .quarantined, .drift, .clockReset: "danger"
        case .waitsForPerson, .held, .abandoned: "warning"
        case .released, .waveOpened, .tenantDone, .fleetDone: "good"
        }
    }

    /// Slack's own signs: a host's words must not call everybody (`<!channel>`) or hide an address behind a name.
    private static func escaped(_ text: String) -> String { text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;") }
}
