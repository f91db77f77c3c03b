import Cutover
import Foundation
import Testing

@testable import PlanFiles

@Suite("what lint refuses in a plan")
struct PlanRulesTests {
    /// One slip, the place where it is told, words of the telling, and words of the fix.
    struct Slip: Sendable, CustomTestStringConvertible {
        let old: String
        let new: String
        let line: Int
        let what: String
        let fix: String
        init(_ old: String, _ new: String, _ line: Int, _ what: String, _ fix: String) {
            (self.old, self.new, self.line, self.what, self.fix) = (old, new, line, what, fix)
        }
        var testDescription: String { new.isEmpty ? "without \(old)" : new }
    }

    static let slips: [Slip] = [
        Slip("author: ann\n", "", 1, "lacks author", "add `author"),
        Slip("author: ann", "author:", 4, "author has no value", "write one"),
        Slip("name: sample", "name: a b", 2, "characters", "letters"),
        Slip("revision: 3", "revision: three", 3, "whole number", "revision"),
        Slip("revision: 3", "revision: 1_0", 3, "whole number", "revision"),
        Slip("topology: sidecar, ", "", 5, "decision topology is missing", "topology: sidecar"),
        Slip("topology: sidecar", "topology: central", 5, "not supported by this build yet", "topology: sidecar"),
        Slip("topology: sidecar", "topology: sidcar", 5, "can't be sidcar", "did you mean sidecar?"),
        Slip("runningTenants: inject", "runingTenants: inject", 5, "no key runingTenants", "did you mean runningTenants?"),
        Slip("count: 2", "count: 3", 6, "3 must approve, and only 2 can without the author", "more people"),
        Slip("[ben, cas, ann]", "[]", 6, "only 0 can", "more people"),
        Slip("[ben, cas, ann]", "[ben, ben, cas]", 6, "listed twice", "remove"),
        Slip("approvals: { high: { count: 2, from: [ben, cas, ann], notAuthor: true } }\n", "", 10, "sidecar.start is of high risk", "approvals"),
        Slip("notAuthor: true", "notAuthor: yes", 6, "true or false", "notAuthor: true"),
        Slip("id: A1", "id: A0", 12, "two phases A0", "id of its own"),
        Slip("- uses: env.wire", "- { uses: env.wire, id: host.prepare }", 17, "two steps are called host.prepare, the first on line 10", "id"),
        Slip("- uses: env.wire", "- { uses: env.wire, id: start }", 17, "no step can be called start", "another id"),
        Slip("- uses: env.wire", "- { uses: env.wire, risk: low }", 17, "risk can't be low", "risk: normal"),
        Slip("- uses: env.wire", "- { uses: wires }", 17, "no kind of step wires", "use one of"),
        Slip("- uses: env.wire", "- id: x", 17, "lacks uses", "add `uses"),
        Slip("      - uses: mirror.install\n", "", 14, "backfill.copy needs mirror.install, which the plan does not have", "mirror.install"),
        Slip("chunkRows: 500", "chunkRows: 5h", 16, "chunkRows must be a whole number", "chunkRows"),
        Slip("chunkRows: 500", "chunkRows: \"500\"", 16, "chunkRows must be a whole number", "chunkRows"),
        Slip("chunkRows: 500", "throttle: { doorP95: soon }", 16, "doorP95 is not a duration", "250ms"),
        Slip("chunkRows: 500", "throttle: { nice: -1 }", 16, "nice must be a number", "0.5"),
        Slip("chunkRows: 500", "throttle: { connectoins: 4 }", 16, "has no key connectoins", "connections"),
        Slip("chunkRows: 500", "within: 250ms", 16, "within is not a duration", "30s"),
        Slip("chunkRows: 500", "within: 5 hours", 16, "within is not a duration", "30s"),
        Slip("chunkRows: 500", "within: 0s", 16, "no time at all", "1s"),
        Slip("chunkRows: 500", "lane: http, table: workspace_memory", 16, "carried by SQL only", "lane: sql"),
        Slip("- uses: env.wire", "- { uses: backfill.verify, with: { exceptions: { many-changed-in-plugin: pass } } }", 17, "so many at once", "sign"),
        Slip("- uses: env.wire", "- { uses: backfill.verify, with: { exceptions: { blank-content: perhaps } } }", 17, "must be one of block, sign", "block"),
        Slip("- uses: env.wire", "- { uses: backfill.verify, with: { exceptions: { blank-content: redact } } }", 17, "can't be redact", "credential-look-alike"),
        Slip("- uses: env.wire", "- { uses: backfill.verify, with: { exceptions: { blank-contents: sign } } }", 17, "ever listed as blank-contents", "did you mean blank-content?"),
        Slip("- uses: env.wire", "- { uses: backfill.verify, with: { exceptions: { blank-content: { remap: workspace } } } }", 17, "lack no place", "block"),
        Slip("- uses: env.wire", "- { uses: backfill.verify, with: { exceptions: { no-workspace: { remap: team } } } }", 17, "has no team", "custom:orphans"),
        Slip("- uses: env.wire", "- { uses: backfill.verify, with: { exceptions: { global-of-non-root: { remap: CUSTOM } } } }", 17, "can't be remapped to CUSTOM", "workspace, team or org"),
        Slip("- uses: env.wire", "- { uses: backfill.verify, with: { exceptions: { no-workspace: { remp: workspace } } } }", 17, "no key remp", "did you mean remap?"),
        Slip("program: env:PLUGIN, ", "", 11, "lacks program", "program"),
        Slip("program: env:PLUGIN", "program: env:MY-PLUGIN", 11, "no variable", "env:NAME"),
        Slip("program: env:PLUGIN", "program: [a]", 11, "must be a text", "program"),
        Slip("program: env:PLUGIN", "program: postgres://app:hunter2@db/x", 11, "looks like a URL with a password", "env:NAME"),
        Slip("program: env:PLUGIN", "program: AKIAIOSFODNN7EXAMPLE", 11, "looks like an AWS access key", "env:NAME"),
        Slip("program: env:PLUGIN", "program: run --password=hunter2", 11, "looks like a password", "env:NAME"),
        Slip("exposed: 20", "exposed: 0", 20, "at least 1", "1"),
        Slip("failureBudget: 1", "failureBudget: -1", 21, "at least 0", "0"),
        Slip("count: 1", "count: 0", 24, "at least 1", "1"),
        Slip("bake: 90s", "bake: 90", 24, "bake is not a duration", "30s"),
        Slip("name: rest", "name: canary", 25, "two waves canary", "name of its own"),
        Slip("after: A0/host.prepare", "after: A0/host.prepar", 24, "no such step", "did you mean A0/host.prepare?"),
        Slip("after: A0", "aftr: A0", 24, "no key aftr", "did you mean after?"),
    ]

    @Test("one slip is told once, with its line and the fix", arguments: slips)
    func told(slip: Slip) throws {
        let (plan, problems) = SamplePlan.read(slip.old, slip.new)
        #expect(!plan)
        #expect(problems.count == 1, "\(problems)")
        let problem = try #require(problems.first)
        #expect(problem.line == slip.line, "\(problem)")
        #expect(problem.what.contains(slip.what), "\(problem)")
        #expect(problem.fix.contains(slip.fix), "\(problem)")
    }

    @Test("a finding never repeats the secret")
    func secretsStayUnsaid() {
        let problems = SamplePlan.problems("program: env:PLUGIN", "program: postgres://app:hunter2@db/x")
        #expect(!problems.contains { "\($0)".contains("hunter2") })
    }

    @Test("a step before its prerequisite is told where to move")
    func order() throws {
        let problems = SamplePlan.problems(
            "- uses: mirror.install\n      - uses: backfill.copy\n        with: { chunkRows: 500 }\n",
            "- uses: backfill.copy\n      - uses: mirror.install\n")
        #expect(problems.map(\.what) == ["backfill.copy stands before mirror.install, which it needs"])
        #expect(problems.first?.fix == "move it below line 15")
    }

    @Test(
        "with a database of the plugin's own, keys and values are carried as memories are, and key ranges are refused with the reason",
        arguments: [("chunkRows: 500", nil), ("table: workspace_memory", nil), ("ranges: 4", "one transaction at a time"), ("ranges: 1", nil)] as [(String, String?)])
    func separate(setting: String, told: String?) {
        let text = SamplePlan.text.replacingOccurrences(of: "same-instance-schema", with: "separate").replacingOccurrences(of: "chunkRows: 500", with: setting)
        let problems = PlanFile.read(text: text, path: "p", catalog: SampleCatalog.catalog).1
        #expect(problems.count == (told == nil ? 0 : 1), "\(problems)")
        if let told { #expect(problems.first?.what.contains(told) == true, "\(problems)") }
    }

    @Test("a plan without rollout, phases or decisions lacks each of them")
    func bare() {
        let problems = PlanFile.read(text: "cutover: 1\nname: x\nrevision: 1\nauthor: a\n", path: "p", catalog: SampleCatalog.catalog).1
        #expect(problems.map(\.what) == ["the plan lacks decisions", "the plan lacks rollout", "the plan lacks phases"])
    }
}

@Suite("windows and blockers")
struct PlanWindowTests {
    static func plan(select: String, soak: String, drop: String = "grace: 1h", archive: String = "to: s3://bkt/TENANT, key: env:K") -> String {
        let steps = [
            "host.prepare", "sidecar.start, with: { program: a, listen: b }", "mirror.install", "backfill.copy", "env.wire", "backfill.verify",
            "fallback.remove, with: { server: a }", "legacy.freeze", "legacy.archive, with: { \(archive) }",
            "soak.wait, with: { \(soak) }", "legacy.drop, with: { \(drop) }",
        ]
        return """
            cutover: 1
            name: x
            revision: 1
            author: a
            decisions: { topology: sidecar, pluginDatabase: same-instance-schema, runningTenants: inject }
            phases: [ { id: P, steps: [
            \(steps.map { "{ uses: \($0) }" }.joined(separator: ",\n")) ] } ]
            rollout: { atOnce: 1, exposed: 1, failureBudget: 0, waves: [ { name: w, select: { \(select) } } ] }
            """
    }

    func problems(_ text: String, fleet: Fleet? = nil) -> [String] {
        PlanFile.read(text: text, path: "p", catalog: SampleCatalog.catalog, fleet: fleet).1.map(\.what)
    }

    @Test("a short soak is refused where production tenants are selected, and only there")
    func shortSoak() {
        #expect(problems(Self.plan(select: "env: lab", soak: "window: 8s")) == [])
        #expect(problems(Self.plan(select: "env: production", soak: "window: 30d")) == [])
        let short = problems(Self.plan(select: "env: production", soak: "window: 29d"))
        #expect(short == ["step soak.wait: window is 29d, and a wave selects production tenants, for whom it is at least 30d"])
    }

    @Test("with a fleet at hand, production tenants are found behind other labels")
    func hiddenProduction() {
        let host = TenantHost(id: "acme", host: "h", transport: "local", labels: ["env": "production", "ring": "one"], env: "/e", state: "/s")
        let text = Self.plan(select: "ring: one", soak: "window: 8s")
        #expect(problems(text) == [])
        #expect(problems(text, fleet: Fleet(tenants: [host])).count == 1)
    }

    @Test("windows stand in a sane order to their samples")
    func samples() {
        #expect(problems(Self.plan(select: "env: lab", soak: "window: 8s, sampleEvery: 5s, longestGap: 2s")).count == 1)
        #expect(problems(Self.plan(select: "env: lab", soak: "window: 8s, sampleEvery: 9s")).count == 1)
    }

    @Test("a blocker has a name and says when it is closed")
    func blockers() {
        func told(_ blockers: String) -> [String] { problems(Self.plan(select: "env: lab", soak: "window: 8s", drop: "grace: 1h, blockers: \(blockers)")) }
        #expect(told("[ { name: issue-1, closedWhen: approved } ]") == [])
        #expect(told("[ { name: issue-1, closedWhen: attested } ]") == [])
        #expect(told("[ { name: issue-1 } ]") == ["the blocker lacks closedWhen"])
        #expect(told("[ { name: issue-1, closedWhen: attested, closed: y } ]") == ["the blocker has no key closed"])
        #expect(told("[ { name: issue-1, closedWhen: someday } ]") == ["the blocker can't be closed when someday"])
        #expect(told("[ issue-1 ]").count == 1)
        #expect(told("issue-1") == ["step legacy.drop: blockers must be a list"])
    }

    @Test(
        "an issue's state is asked at an address without secrets, and the token is named and not told",
        arguments: [
            ("{ url: https://api.test/issues/769 }", nil), ("{ url: https://api.test/issues/769, field: data.state, is: done, token: env:TRACKER }", nil),
            ("{ is: closed }", "lacks url"), ("{ url: ftp://api.test/769 }", "no address"), ("{ url: https://me:pw@api.test/769 }", "may hold a secret"),
            ("{ url: https://api.test/769?key=1 }", "may hold a secret"), ("{ url: https://api.test/769, token: ghp_abc }", "a token never stands in a plan"),
            ("{ url: https://api.test/769, when: closed }", "has no key when"),
        ])
    func closedWhen(words: String, problem: String?) {
        let told = problems(Self.plan(select: "env: lab", soak: "window: 8s", drop: "grace: 1h, blockers: [ { name: issue-1, closedWhen: \(words) } ]"))
        if let problem { #expect(told.contains { $0.contains(problem) }, "\(told)") } else { #expect(told == []) }
    }

    @Test(
        "an archive goes to a place off the host, is sealed to somebody, and can be opened for its rehearsal",
        arguments: [
            ("to: env:DIR, key: env:K", nil), ("to: s3://bkt/TENANT, key: env:K", nil), ("to: host:archive-1:/a/TENANT, key: env:K", nil),
            ("to: mount:/a/TENANT, recipients: [ { name: v, key: \(key) } ], opens: env:P", nil),
            ("to: /a, key: env:K, onHost: accepted by ann because the host is mirrored", nil), ("to: /a, key: env:K", "own host"),
            ("to: /a, key: env:K, onHost: fine", "who accepted it"), ("to: s3://bkt/all, key: env:K", "all tenants would archive"),
            ("to: ftp://b/TENANT, key: env:K", "names no place"), ("to: host:a/TENANT, key: env:K", "names no place"),
            ("to: s3://bkt/TENANT", "names no key"), ("to: s3://bkt/TENANT, recipients: [ { name: v, key: \(key) } ]", "nothing that opens"),
            ("to: s3://bkt/TENANT, recipients: [ { name: v, key: YWJj } ], opens: env:P", "not 32 bytes"),
            ("to: s3://bkt/TENANT, key: 00ff", "stands in the plan"),
            ("to: s3://bkt/TENANT, key: env:K, s3: { secretAccessKey: abc }", "stands in the plan"),
        ] as [(String, String?)])
    func archives(settings: String, told: String?) {
        let found = problems(Self.plan(select: "env: production", soak: "window: 30d", archive: settings))
        #expect(found.count == (told == nil ? 0 : 1), "\(found)")
        if let told { #expect(found.first?.contains(told) == true, "\(found)") }
    }

    private static let key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
}
