import ArgumentParser
import Cutover
import CutoverTestKit
import PlanFiles
import Testing

@testable import cutoverctl

@Suite("inputs")
struct InputsTests {
    func inputs(_ words: [String] = [], _ variables: [String: String] = [:], beside: String? = nil, files: [String] = []) throws -> Inputs {
        let options = try InputOptions.parse(words)
        let file = beside.flatMap { InputsFile.read(text: $0, path: "cutover.yaml").0 }
        return Inputs(options, variables: variables, beside: file) { files.contains($0) }
    }

    @Test("an option beats a variable, a variable beats cutover.yaml, and that beats the default")
    func order() throws {
        let beside = "plan: c.yaml\nfleet: c-fleet.yaml\njournal: c.db\n"
        #expect(try inputs(["--plan", "a.yaml"], ["CUTOVER_PLAN": "b.yaml"], beside: beside).plan == "a.yaml")
        #expect(try inputs([], ["CUTOVER_PLAN": "b.yaml"], beside: beside).plan == "b.yaml")
        #expect(try inputs([], [:], beside: beside).plan == "c.yaml")
        #expect(try inputs([], [:], beside: beside).journal == "c.db")
        #expect(try inputs(["--bundle", "a"], ["CUTOVER_BUNDLE": "b"], beside: "bundle: c\n").bundle == "a")
        #expect(try inputs([], ["CUTOVER_BUNDLE": "b"], beside: "bundle: c\n").bundle == "b")
        #expect(try inputs([], [:], beside: "bundle: c\n").bundle == "c")
        #expect(try inputs().bundle == nil)
        #expect(try inputs().plan == nil)
        #expect(try inputs().journal == "./cutover.db")
        #expect(try inputs([], ["CUTOVER_JOURNAL": ""]).journal == "./cutover.db")
    }

    @Test("the lab's fleet is taken when it is there and nothing else is named")
    func labFleet() throws {
        #expect(try inputs([], [:], files: ["./.lab/fleet.yaml"]).fleet == "./.lab/fleet.yaml")
        #expect(try inputs([], ["CUTOVER_FLEET": "f.yaml"], files: ["./.lab/fleet.yaml"]).fleet == "f.yaml")
        #expect(try inputs().fleet == nil)
    }

    @Test("the operator is named by --as, CUTOVER_OPERATOR or USER")
    func person() throws {
        let variables = ["CUTOVER_OPERATOR": "ben", "USER": "root"]
        #expect(try inputs(["--as", "ann"], variables).person == "ann")
        #expect(try inputs([], variables).person == "ben")
        #expect(try inputs([], ["USER": "root"]).person == "root")
    }

    @Test("who is told stands in cutover.yaml, by name, way and kinds")
    func hooks() throws {
        let beside = """
            plan: a.yaml
            tell:
              - { name: on-call, webhook: "env:ONCALL", on: [step-failed, waits-for-person] }
              - name: pager
                command: [/usr/local/bin/page, --quiet]
              - { name: night, webhook: "file:/etc/cutover/night" }
            """
        #expect(try inputs([], [:], beside: beside).hooks == [
            HookSettings(name: "on-call", way: .webhook(.variable("ONCALL")), kinds: [.stepFailed, .waitsForPerson]),
            HookSettings(name: "pager", way: .command(["/usr/local/bin/page", "--quiet"]), kinds: nil),
            HookSettings(name: "night", way: .webhook(.file("/etc/cutover/night")), kinds: nil),
        ])
    }

    @Test("what is wrong with a hook is told with its fix, and never with its address", arguments: [
        ("- { name: a, webhook: https://hooks.example/SECRET }", "write `webhook: env:NAME` and set the variable where `cutoverctl run` runs, or `webhook: file:PATH`"),
        ("- { name: a }", "write `webhook: env:NAME`, or `command: [PROGRAM, …]`"),
        ("- { name: a, webhook: env:X, command: [b] }", "write `webhook: env:NAME`, or `command: [PROGRAM, …]`"),
        ("- { name: a, webhook: env:X, on: [step-faild] }", "did you mean step-failed?"),
        ("- { name: a b, webhook: env:X }", "write `name: on-call`"),
        ("- { name: a, command: [] }", "write `command: [/usr/local/bin/page, --quiet]`"),
        ("- { name: a, webhook: env:X }\n  - { name: a, webhook: env:Y }", "give each a name of its own: what it was told is kept by it"),
    ])
    func wrongHooks(text: String, fix: String) {
        let problems = InputsFile.read(text: "tell:\n  \(text)\n", path: "cutover.yaml").1
        #expect(problems.map(\.fix) == [fix])
        #expect(!problems.map(\.description).joined().contains("SECRET"))
    }

    @Test("a hook's secret is taken from where its settings say, and is not in what is said of it")
    func secrets() throws {
        func why(_ value: String?) -> CommandFailure? {
            let hook = HookSettings(name: "on-call", way: .webhook(.variable("ONCALL")), kinds: nil)
            do throws(CommandFailure) { _ = try hook.hook(value.map { ["ONCALL": $0] } ?? [:]) } catch { return error }
            return nil
        }
        #expect(why("https://hooks.example/SECRET\n") == nil)
        #expect(why(nil)?.why == "the variable ONCALL holds none")
        #expect(why("SECRET")?.why == "what the variable ONCALL holds is no http address")
        #expect(why("https://a/SECRET b")?.why == "what the variable ONCALL holds is no http address")
    }

    @Test("a cutover.yaml with a slip is told as such")
    func slip() {
        let problems = InputsFile.read(text: "plan: a\njounal: b\n", path: "cutover.yaml").1
        #expect(problems.map(\.fix) == ["did you mean journal?"])
    }
}

@Suite("choosing tenants and steps")
struct TenantChoiceTests {
    let choice = TenantChoice(
        fleet: Fleet(tenants: [LampCatalog.host("acme", labels: ["env": "lab"]), LampCatalog.host("zeta", labels: ["env": "lab"]), LampCatalog.host("omega")]),
        plan: LampCatalog.plan(
            rollout: Rollout(
                atOnce: 1, exposed: 1, failureBudget: 0, stragglers: 0,
                waves: [Wave(name: "canary", select: ["env": "lab"], count: 1), Wave(name: "rest", select: ["env": "lab"]), Wave(name: "none", select: ["env": "x"])])))

    @Test("names, a wave, or everything that is in a wave")
    func chosen() throws {
        #expect(try choice.tenants(["zeta", "acme", "zeta"], wave: nil) == ["zeta", "acme"])
        #expect(try choice.tenants([], wave: "rest") == ["zeta"])
        #expect(try choice.tenants([], wave: nil) == ["acme", "zeta"])
    }

    @Test("what selects nothing is an error, and a slip is told with the nearest name")
    func refused() {
        func why(_ names: [String], wave: String? = nil) -> CommandFailure? {
            do throws(CommandFailure) { _ = try choice.tenants(names, wave: wave) } catch { return error }
            return nil
        }
        #expect(why(["acmee"])?.why == "did you mean acme?")
        #expect(why(["acmee"])?.status == .failed)
        #expect(why([], wave: "canry")?.why == "did you mean canary?")
        #expect(why([], wave: "none")?.what == "no tenant is selected")
        #expect(why(["acme"], wave: "rest")?.status == .usage)
    }

    @Test("a step is named by its place, its id, or its phase")
    func steps() throws {
        #expect(try choice.step("L0/lamp.light").place == "L0/lamp.light")
        #expect(try choice.step("lamp.light").place == "L0/lamp.light")
        #expect(try choice.step("L0").place == "L0/lamp.light")
        #expect(throws: CommandFailure.self) { try choice.step("lamp.lite") }
    }
}
