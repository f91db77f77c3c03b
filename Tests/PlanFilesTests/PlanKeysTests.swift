import Cutover
import Foundation
import PlanFiles
import Testing

@Suite("the keys a plan names") struct PlanKeysTests {
    private static let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJR056bVOgvRZZlmxsd4e7CM7pkZLj6+4NRumYRTjKqJ"

    private func read(_ people: String?, validFor: String = "") throws -> (Plan?, [Problem]) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "cutover-plan-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        if let people { try Data(people.utf8).write(to: folder.appending(path: "keys.yaml")) }
        let text = SamplePlan.text.replacingOccurrences(of: "author: ann", with: "author: ann\nkeys: keys.yaml")
            .replacingOccurrences(of: "from: [ben, cas, ann], notAuthor: true", with: "from: [ben], count: 1\(validFor)").replacingOccurrences(of: "count: 2, ", with: "")
        return PlanFile.read(text: text, path: folder.appending(path: "plan.yaml").path, catalog: SampleCatalog.catalog)
    }

    @Test("people and their keys are read, and belong to the plan's digest")
    func people() throws {
        let (plan, problems) = try read("people:\n  - { name: ben, keys: [\"\(Self.key) ben\"] }\n", validFor: ", validFor: 2h, notExecutor: true")
        #expect(problems.isEmpty, "\(problems)")
        let approvals = try #require(plan).approvals
        let key = try #require(VerifyingKey(Self.key))
        #expect(approvals.keys == [Approver(name: "ben", keys: [key])])
        #expect(approvals.validSeconds == 7200 && approvals.notExecutor)
        let other = try #require(try read("people:\n  - { name: ben, keys: [\"\(Self.key) moved\"] }\n").0)
        #expect(other.digest != plan?.digest)
    }

    @Test("what is wrong with the keys is told, with the file and what to write", arguments: [
        (nil, "there is no such keys file"), ("", "the file is empty"), ("people: []\n", "nobody is listed"),
        ("people:\n  - { name: ben, keys: [] }\n", "ben has no key"), ("people:\n  - { name: ben, keys: [ssh-rsa AAAA] }\n", "not an Ed25519 key"),
        ("people:\n  - { name: cas, keys: [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJR056bVOgvRZZlmxsd4e7CM7pkZLj6+4NRumYRTjKqJ\"] }\n", "ben may approve, and has no key"),
        (
            "people:\n  - { name: ben, keys: [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJR056bVOgvRZZlmxsd4e7CM7pkZLj6+4NRumYRTjKqJ\"] }\n  - { name: cas, keys: [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJR056bVOgvRZZlmxsd4e7CM7pkZLj6+4NRumYRTjKqJ\"] }\n",
            "cas and ben have the same key"
        ),
    ] as [(String?, String)])
    func wrong(people: String?, told: String) throws {
        let (plan, problems) = try read(people)
        #expect(plan == nil && problems.contains { $0.what.contains(told) && $0.line > 0 && !$0.fix.isEmpty }, "\(problems)")
    }

    @Test("a wave's share is a percentage, and what counts against the budget can be said")
    func rollout() throws {
        let text = SamplePlan.text.replacingOccurrences(of: "count: 1, bake", with: "percent: 10%, bake")
            .replacingOccurrences(of: "stragglers: 2", with: "stragglers: 2\n  counts: { gated: true, unknown: false }")
        let plan = try #require(PlanFile.read(text: text, path: "p", catalog: SampleCatalog.catalog).0)
        #expect(plan.rollout.waves[0].percent == 10 && plan.rollout.counted == [.failed, .gated])
        #expect(SamplePlan.problems("count: 1, bake", "count: 1, percent: 10%, bake").map(\.what) == ["the wave has both a count and a percentage"])
        #expect(SamplePlan.problems("count: 1, bake", "percent: 0%, bake").map(\.what) == ["0% is no share of the tenants"])
    }
}
