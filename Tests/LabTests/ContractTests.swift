import Testing

@testable import LabKit

@Suite("The contract's pure rules")
struct ContractTests {
    @Test(
        "a namespace name is lowercase letters, a colon and a tail",
        arguments: ["workspace:a", "org:x", "z:A_b:c.d-9", "custom:-", "team:" + String(repeating: "a", count: 251)])
    func goodNames(name: String) {
        #expect(NamespaceName.isValid(name))
    }

    @Test(
        "any other name is refused",
        arguments: [
            "", ":", "org:", ":x", "Org:x", "org", "org:x\n", "org:x y", "org:é", "o1:x",
            "team:" + String(repeating: "a", count: 252),
        ])
    func badNames(name: String) {
        #expect(!NamespaceName.isValid(name))
    }

    private let tree = WorkspaceTree(parents: [
        "root": nil, "child": "root", "grandchild": "child", "ring1": "ring2", "ring2": "ring1",
    ])

    @Test("a workspace writes its own namespace, its parent's team and, as a root only, the org")
    func writing() {
        let root = tree.chain(of: "root")
        #expect(root?.writable == ["workspace:root", "team:root", "org:root"])
        let grandchild = tree.chain(of: "grandchild")
        #expect(grandchild?.writable == ["workspace:grandchild", "team:child"])
        #expect(grandchild?.readable == ["workspace:grandchild", "team:child", "org:root"])
    }

    @Test("a chain has at most 50 hops, even in a ring")
    func hops() {
        #expect(tree.chain(of: "ring1")?.ancestors.count == 50)
        #expect(tree.hasNoRoot("ring1"))
        #expect(!tree.hasNoRoot("grandchild"))
        #expect(tree.chain(of: "nobody") == nil)
    }

    @Test("each scope has one namespace, or a reason for none")
    func placement() {
        func place(_ workspace: String?, _ scope: Scope, _ content: String = "x") -> Placement {
            Placement(workspace: workspace, scope: scope, content: content, tree: tree)
        }
        #expect(place("child", .local) == .namespace("workspace:child"))
        #expect(place("child", .team) == .namespace("team:root"))
        #expect(place("root", .global) == .namespace("org:root"))
        #expect(place("child", .global) == .nowhere(why: "GLOBAL of a workspace that is not a root"))
        #expect(place(nil, .local) == .nowhere(why: "no workspace"))
        #expect(place("gone", .local) == .nowhere(why: "missing workspace"))
        #expect(place("child", .local, "\u{3000}\u{00A0}\n") == .nowhere(why: "blank content"))
        #expect(place("child", .local, "\u{200B}") == .namespace("workspace:child"))
        #expect(place("ring1", .team) == .either("team:ring2", why: "no root within 50 hops"))
    }

    @Test("secrets are scrubbed and the rest is left")
    func scrubbing() {
        #expect(SecretScrubber.scrub("key AKIAIOSFODNN7EXAMPLE.") == "key [REDACTED].")
        #expect(SecretScrubber.scrub("sk-test-0123456789abcdef") == "[REDACTED]")
        #expect(SecretScrubber.scrub("use ghp_0123456789abcdefghijklmn now") == "use [REDACTED] now")
        #expect(SecretScrubber.scrub("Password=hunter2 ok") == "Password=[REDACTED] ok")
        #expect(SecretScrubber.scrub("the password is long; task-force") == "the password is long; task-force")
    }

    @Test("no text an agent writes looks like a secret")
    func agentTexts() {
        for revision in 0..<200 {
            let text = MemoryText.write(token: MemoryText.freshToken(), revision: revision)
            #expect(SecretScrubber.scrub(text) == text)
            #expect(MemoryText.token(in: text) != nil)
        }
    }

    @Test("a token is the hash of secret and workspace")
    func token() {
        let hash = "dab041928641bd0d1b57cdcdce7e89a5fd2f7264735a21f52b14069949fbc435"
        #expect(WorkspaceToken.make(secret: "s", workspace: "w") == hash)
    }

    @Test("the breaker opens after three failures in a row, for a minute")
    func breaker() {
        var breaker = Breaker()
        breaker.failed(at: 0)
        breaker.failed(at: 1)
        breaker.succeeded()
        breaker.failed(at: 2)
        breaker.failed(at: 3)
        #expect(!breaker.isOpen(at: 3))
        breaker.failed(at: 4)
        #expect(breaker.isOpen(at: 63.9))
        #expect(!breaker.isOpen(at: 64))
    }
}
