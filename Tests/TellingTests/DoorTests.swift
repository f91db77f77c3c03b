import Cutover
import Foundation
import Testing

@testable import Telling

@Suite("ways to tell somebody") struct DoorTests {
    private static let server = Result { try HookServer() }

    private static let notice = Notice(
        id: "n-1", kind: .stepFailed, plan: "memory-ssot", tenant: "acme", step: "A1/env.wire", at: "2026-01-01T00:00:00.000Z", by: "ann",
        text: "acme/A1/env.wire: failed: <!channel> & \"quotes\"", next: "cutoverctl why acme")

    private func trouble(_ door: any HookDoor) async -> HookTrouble? {
        do throws(HookTrouble) {
            try await door.tell(Self.notice)
            return nil
        } catch { return error }
    }

    private func webhook(_ path: String, timeout: Int = 5000) throws -> WebhookDoor { WebhookDoor(url: try Self.server.get().url + path, timeoutMilliseconds: timeout) }

    @Test("a webhook gets JSON that Slack takes, with the notice's own keys beside it, and can't be made to call everybody")
    func posts() async throws {
        #expect(await trouble(try webhook("/ok/posts")) == nil)
        let heard = try #require(try await Self.server.get().heard("/ok/posts").first)
        #expect(heard.body.text == "acme/A1/env.wire: failed: &lt;!channel&gt; &amp; \"quotes\"")
        #expect(heard.body.id == "n-1" && heard.body.kind == "step-failed" && heard.body.tenant == "acme" && heard.body.step == "A1/env.wire" && heard.body.next == "cutoverctl why acme")
        #expect(heard.type == "application/json" && heard.key == Digest.sha256("n-1"))
        let body = try #require(try JSONSerialization.jsonObject(with: Data(WebhookDoor.body(Self.notice))) as? [String: Any])
        let fields = try #require((body["attachments"] as? [[String: Any]])?.first?["fields"] as? [[String: Any]])
        #expect(fields.compactMap { $0["title"] as? String } == ["Plan", "Tenant", "Step", "At", "Next"])
    }

    @Test("an endpoint that answers twice was told once")
    func twice() async throws {
        #expect(await trouble(try webhook("/twice/a")) == nil)
        #expect(await trouble(try webhook("/twice/a")) == nil)
        #expect(try await Self.server.get().heard("/twice/a").count == 2)
    }

    @Test("what is wrong with an endpoint is told without its address", arguments: [
        ("/fail-9/secret", "it answered 500", false), ("/refuse/secret", "it answered 400", true), ("/moved/secret", "it answered 302", false), ("/hang-9/secret", "it gave no whole answer within 4 s, so it may have heard it", false),
    ])
    func troubles(path: String, words: String, isFinal: Bool) async throws {
        #expect(await trouble(try webhook(path, timeout: 4000)) == HookTrouble(words, isFinal: isFinal))
    }

    @Test("one that asks to be left alone is, for as long as it says")
    func busy() async throws { #expect(await trouble(try webhook("/busy-9/a")) == HookTrouble("it answered 429", leaveAlone: 1)) }

    @Test("one that is not there is told as that", arguments: ["http://127.0.0.1:1/secret", "https://secret.invalid/hook", "nonsense://secret"])
    func away(url: String) async throws {
        let trouble = try #require(await trouble(WebhookDoor(url: url)))
        #expect(!"\(trouble)".contains("secret") && !"\(trouble)".contains("127.0.0.1"))
    }

    @Test("a command gets the notice in its environment, and nothing of it as an argument")
    func command() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "told-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        let door = CommandDoor(argv: ["/bin/sh", "-c", #"printf '%s|%s|%s' "$CUTOVER_NOTICE_KIND" "$CUTOVER_NOTICE_TEXT" "$#" > "$0""#, file])
        #expect(await trouble(door) == nil)
        #expect(FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) } == "step-failed|\(Self.notice.text)|0")
        let all = try #require(CommandDoor.variables(Self.notice)["CUTOVER_NOTICE"])
        #expect(try JSONDecoder().decode(Notice.self, from: Data(all.utf8)) == Self.notice)
    }

    @Test("a command that fails, hangs or is not there is told as that")
    func failing() async throws {
        #expect(await trouble(CommandDoor(argv: ["false"])) == HookTrouble("its program ended with 1"))
        #expect(await trouble(CommandDoor(argv: ["/bin/sleep", "600"], seconds: 1)) == HookTrouble("its program did not end within 1 s"))
        #expect(await trouble(CommandDoor(argv: ["/nowhere/at/all"])) == HookTrouble("its program can't be begun"))
    }
}
