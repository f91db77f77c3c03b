import Cutover
import Foundation
import Testing

@testable import PlanFiles

@Suite("plan files")
struct PlanFileTests {
    @Test("a plan without a flaw is read whole")
    func readsWhole() throws {
        let (read, problems) = PlanFile.read(text: SamplePlan.text, path: "sample.yaml", catalog: SampleCatalog.catalog)
        #expect(problems == [])
        let plan = try #require(read)
        #expect(plan.name == "sample" && plan.revision == 3 && plan.author == "ann")
        #expect(plan.digest == Digest.sha256(SamplePlan.text))
        #expect(plan.steps.map(\.place) == ["A0/host.prepare", "A0/sidecar.start", "A1/mirror.install", "A1/backfill.copy", "A1/env.wire"])
        #expect(plan.steps[1].spec.risk == .high)
        #expect(plan.steps[1].spec.settings.text("program") == "env:PLUGIN")
        #expect(plan.steps[3].spec.settings.int("chunkRows") == 500)
        #expect(plan.approvals == Approvals(count: 2, from: ["ben", "cas", "ann"], notAuthor: true))
        #expect(plan.rollout.waves == [
            Wave(name: "canary", select: ["env": "lab"], count: 1, bakeSeconds: 90, after: "A0/host.prepare"),
            Wave(name: "rest", select: ["env": "lab"]),
        ])
        #expect(plan.decisions["topology"] == "sidecar")
    }

    @Test("the plans that come with the product have no flaw", arguments: ["memory-ssot.yaml", "lab.yaml"])
    func shipped(name: String) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let (plan, problems) = PlanFile.read(path: root.appending(path: "Plans/\(name)").path, catalog: SampleCatalog.catalog)
        #expect(problems == [])
        #expect(try #require(plan).steps.count == 13)
    }

    @Test("the plan for production asks for the evidence of its stages when its line is let in")
    func shippedStages() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "Plans/memory-ssot.yaml"), encoding: .utf8)
        for (line, stages) in [("stages: [A, B, C]", ["A", "B", "C"]), ("# stages: [A, B, C]", [])] {
            let (plan, problems) = PlanFile.read(text: text.replacingOccurrences(of: "# stages: [A, B, C]", with: line), path: "p.yaml", catalog: SampleCatalog.catalog)
            #expect(problems == [])
            #expect(try #require(plan).approvals.stages == stages)
        }
    }

    @Test("every problem of the file is told in one run, in the order of the file, each with its place")
    func allAtOnce() {
        let text = SamplePlan.text
            .replacingOccurrences(of: "cutover: 1", with: "cutover: 2")
            .replacingOccurrences(of: "revision: 3", with: "revison: 3")
            .replacingOccurrences(of: "minFreeMiB: 64", with: "minFreeMib: 64")
            .replacingOccurrences(of: "uses: backfill.copy", with: "uses: backfil.copy")
            .replacingOccurrences(of: "atOnce: 10", with: "atOnce: 0")
        let problems = PlanFile.read(text: text, path: "p.yaml", catalog: SampleCatalog.catalog).1
        #expect(problems.map(\.line) == [1, 3, 10, 15, 19])
        #expect(problems.map(\.column) == [10, 1, 39, 15, 11])
        #expect(problems[0].what.contains("reads 1"))
        #expect(problems[1].fix == "did you mean revision?")
        #expect(problems[2].fix == "did you mean minFreeMiB?")
        #expect(problems[3].fix == "did you mean backfill.copy?")
        #expect(problems[4].what.contains("at least 1"))
    }

    @Test("keys that stand twice are all found, and the rest of the file is judged as well")
    func duplicateKeys() {
        let text = SamplePlan.text
            .replacingOccurrences(of: "name: sample", with: "name: sample\nname: other")
            .replacingOccurrences(of: "chunkRows: 500", with: "chunkRows: 500, chunkRows: 600")
            .replacingOccurrences(of: "exposed: 20", with: "exposed: many")
        let problems = PlanFile.read(text: text, path: "p.yaml", catalog: SampleCatalog.catalog).1
        #expect(problems.map(\.what) == [
            "the key name stands twice, first on line 2", "the key chunkRows stands twice, first on line 17",
            "rollout: exposed must be a whole number",
        ])
        #expect(problems.map(\.line) == [3, 17, 21])
    }

    @Test("what is no plan at all is told as such", arguments: [
        ("", "the file is empty"), ("# nothing\n", "the file is empty"), ("- a\n- b\n", "the plan is not a list of"),
        ("a: [1, 2\n", "not YAML"), ("a: b\n\tc: d\n", "not YAML"), ("cutover: 1\n---\ncutover: 1\n", "not YAML"), ("just words", "the plan is not a list of"),
        ("a: &x 1\nb: *x\n", "anchors and aliases"),
    ])
    func noPlan(text: String, what: String) throws {
        let (plan, problems) = PlanFile.read(text: text, path: "p.yaml", catalog: SampleCatalog.catalog)
        #expect(plan == nil)
        let first = try #require(problems.first)
        #expect(first.what.hasPrefix(what), "\(first)")
        #expect(first.line > 0 && first.column > 0 && !first.fix.isEmpty)
    }

    @Test("a file that is missing, a folder, or no text is told as such")
    func noFile() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "plan-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let binary = folder.appending(path: "binary.yaml").path
        try Data([0xC3, 0x28, 0xFF]).write(to: URL(filePath: binary))
        for (path, what) in [(folder.path + "/none.yaml", "no such plan file"), (folder.path, "folder"), (binary, "not UTF-8")] {
            let problems = PlanFile.read(path: path, catalog: SampleCatalog.catalog).1
            #expect(problems.count == 1 && problems[0].what.contains(what) && problems[0].file == path)
        }
    }

    @Test("the digest is that of the bytes: a comment changes it")
    func digest() {
        let one = PlanFile.read(text: SamplePlan.text, path: "p", catalog: SampleCatalog.catalog).0
        let other = PlanFile.read(text: SamplePlan.text + "# later\n", path: "p", catalog: SampleCatalog.catalog).0
        #expect(one?.digest != other?.digest)
    }
}
