import Testing

@testable import LabKit

@Suite("Seeding")
struct SeedTests {
    private let tenant = TenantSeed.make(tenant: "acme", rows: 2052, seed: 1)

    @Test("the same seed makes the same rows")
    func sameSeed() {
        let again = TenantSeed.make(tenant: "acme", rows: 2052, seed: 1)
        #expect(again.memories == tenant.memories)
        #expect(again.workspaces == tenant.workspaces)
    }

    @Test("another seed, or another tenant, makes other rows")
    func otherSeed() {
        #expect(TenantSeed.make(tenant: "acme", rows: 60, seed: 2).memories != Array(tenant.memories.prefix(60)))
        #expect(TenantSeed.make(tenant: "globex", rows: 60, seed: 1).memories != Array(tenant.memories.prefix(60)))
    }

    @Test("exactly the rows asked for are made, even very few", arguments: [0, 1, 20, 100, 2052])
    func number(rows: Int) {
        #expect(TenantSeed.make(tenant: "acme", rows: rows, seed: 1).memories.count == rows)
    }

    @Test("ids are unique")
    func uniqueIDs() {
        #expect(Set(tenant.memories.map(\.id)).count == tenant.memories.count)
    }

    @Test("there are rows v2 has no place for: blank, without a workspace, GLOBAL below a root, inside a ring")
    func awkward() {
        let tree = WorkspaceTree(parents: Dictionary(tenant.workspaces.map { ($0.id, $0.parent) }) { first, _ in first })
        var reasons: Set<String> = []
        for memory in tenant.memories {
            let place = Placement(workspace: memory.workspace, scope: memory.scope, content: memory.content, tree: tree)
            switch place {
            case .nowhere(let why), .either(_, let why): reasons.insert(why)
            case .namespace: break
            }
        }
        #expect(
            reasons == [
                "blank content", "no workspace", "GLOBAL of a workspace that is not a root", "no root within 50 hops",
            ])
    }

    @Test("some rows carry embeddings, some share their text, some have no time")
    func variety() {
        #expect((10...60).contains(tenant.memories.count { $0.embedding != nil }))
        #expect(tenant.memories.contains { $0.createdMicroseconds == nil })
        #expect(Set(tenant.memories.map { ExactText($0.content) }).count < tenant.memories.count)
    }

    @Test("no agent works on the probe's workspace, a removed one or a ring")
    func agentWorkspaces() {
        #expect(!tenant.agentWorkspaces.contains(tenant.probeWorkspace))
        let removed = tenant.workspaces.filter { $0.status == "removed" }.map(\.id)
        #expect(!removed.isEmpty && removed.allSatisfy { !tenant.agentWorkspaces.contains($0) })
    }

    @Test("a line for COPY keeps tabs, line ends, backslashes and NULL apart")
    func copyLine() {
        #expect(SeedLoader.line(["a\tb\nc\r\nd", #"\N"#, nil]) == #"a\tb\nc\r\nd"# + "\t" + #"\\N"# + "\t" + #"\N"#)
    }

    @Test("a moment is written in UTC to the microsecond")
    func moment() {
        #expect(Moment.text(1_767_225_600_000_000) == "2026-01-01 00:00:00.000000+00")
        #expect(Moment.text(1_709_210_096_000_042) == "2024-02-29 12:34:56.000042+00")
    }

    @Test("an embedding is the same after a journey through its text")
    func embedding() {
        let numbers: [Float] = [0, 1, -1, 0.0078125, -0.5]
        #expect(Embedding.text(numbers) == "[0,1,-1,0.0078125,-0.5]")
        #expect(Embedding.digest(Embedding.numbers(Embedding.text(numbers))) == Embedding.digest(numbers))
    }
}
