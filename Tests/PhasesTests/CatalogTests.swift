import Cutover
import Foundation
import PlanFiles
import Testing

@testable import Host
@testable import Phases

@Suite("the catalogue of the memory migration") struct CatalogTests {
    private let catalog = MemoryCatalog.catalog
    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The text of every file of the room.
    private func sources() throws -> String {
        let room = Self.repository.appending(path: "Sources/Phases").path
        let names = (FileManager.default.enumerator(atPath: room)?.allObjects as? [String] ?? []).filter { $0.hasSuffix(".swift") }
        return try names.sorted().map { try String(contentsOfFile: "\(room)/\($0)", encoding: .utf8) }.joined(separator: "\n")
    }

    @Test("every operation that has a half on the host is in the book, under a kind of its own and in its class")
    func operations() throws {
        let declared = try sources().matches(of: #/struct (\w+): (Reads|Tries|Acts)OnHost \{[\s\S]*?static let kind: OperationKind = "([^"]+)"/#)
        #expect(declared.count > 30)
        let classes: [Substring: OperationClass] = ["Reads": .reading, "Tries": .exercising, "Acts": .writing]
        let book = MemoryCatalog.hostOperations.handlers
        for operation in declared {
            #expect(book[OperationKind(String(operation.3))]?.operationClass == classes[operation.2], "\(operation.1)")
        }
        let works = try works().map(\.name)
        for work in works {
            #expect(book[OperationKind(work)]?.operationClass == .writing, "\(work)")
            #expect(book[OperationKind("\(work).state")]?.operationClass == .reading, "\(work)")
        }
        #expect(Set(works) == Set(MemoryCatalog.hostOperations.works.keys))
        let kinds = declared.map { String($0.3) } + works.flatMap { [$0, "\($0).state"] }
        #expect(Set(kinds).count == kinds.count)
        // Four are every host's, whatever it is about.
        let everyHosts = [ReadHostLedger.kind.text, TakeHostOver.kind.text, BindHost.kind.text, LeaveBehind.kind.text]
        #expect(Set(kinds + everyHosts) == Set(book.keys.map(\.text)))
    }

    /// What processes of their own carry out.
    private func works() throws -> [(type: String, name: String)] {
        try sources().matches(of: #/struct (\w+): LongWork \{\s*static let name = "([^"]+)"/#).map { (String($0.1), String($0.2)) }
    }

    @Test("every operation that a step sends has a half on the host")
    func sent() throws {
        let text = try sources()
        let declared = Set(text.matches(of: #/struct (\w+): (?:Reads|Tries|Acts)OnHost/#).map { String($0.1) })
        let sent = Set(text.matches(of: #/(?:carryOut|exercise|ask)\((\w+)\(/#).map { String($0.1) })
        #expect(sent.count > 20)
        // An order for long work is one operation for all of them.
        #expect(sent.subtracting(declared) == ["BeginWork"])
        let ordered = Set(text.matches(of: #/seeThrough\((\w+)\(/#).map { String($0.1) })
        #expect(ordered == Set(try works().map(\.type)) && ordered.count == 3)
    }

    @Test("what a writing operation means by once is known to the host")
    func once() {
        for (kind, handler) in MemoryCatalog.hostOperations.handlers {
            #expect((handler.once != nil) == (handler.operationClass == .writing), "\(kind)")
        }
    }

    @Test("every milestone is one of the owners' words, and they come in their order")
    func milestones() {
        let words = ["sidecar up", "env wired", "shadow clean", "backfill verified", "fallback removed", "30-day gate", "drop table", ""]
        let used = catalog.entries.map { words.firstIndex(of: $0.milestone) }
        #expect(!used.contains(nil))
        #expect(used.compactMap { $0 } == used.compactMap { $0 }.sorted())
        #expect(Set(catalog.entries.map(\.milestone)) == Set(words))
    }

    @Test("prerequisites and successors are kinds of the catalogue, before and after")
    func prerequisites() throws {
        let kinds = catalog.entries.map(\.kind)
        for (index, entry) in catalog.entries.enumerated() {
            for required in entry.requires { #expect(try #require(kinds.firstIndex(of: required)) < index, "\(entry.kind) requires \(required)") }
            for end in entry.endedBy { #expect(try #require(kinds.firstIndex(of: end)) > index, "\(entry.kind) is ended by \(end)") }
            #expect(index == 0 || !entry.requires.isEmpty, "\(entry.kind) requires nothing")
        }
    }

    @Test("only purging the archive has no way back")
    func natures() {
        let irreversible = catalog.entries.filter { if case .irreversible = $0.nature { true } else { false } }.map(\.kind)
        #expect(irreversible == ["archive.purge"])
    }

    @Test("a wait of production can't be shorter than its owners want")
    func minima() {
        func minimum(_ kind: StepKind) -> Int? { catalog.entry(for: kind)?.settings.first { $0.key == "window" }?.productionMinimumSeconds }
        #expect(minimum("shadow.watch") == 24 * 3600)
        #expect(minimum("soak.wait") == 30 * 86_400)
    }

    @Test("every plan that comes with the program is read without a problem", arguments: ["lab.yaml", "memory-ssot.yaml", "memory-ssot-central.yaml"])
    func plans(name: String) throws {
        let (plan, problems) = PlanFile.read(path: Self.repository.appending(path: "Plans/\(name)").path, catalog: catalog)
        #expect(problems.map(String.init(describing:)) == [])
        #expect(plan?.steps.map(\.spec.kind) == catalog.entries.map(\.kind))
    }

    @Test("the plan for keys and values is read without a problem, is about them alone, and stands on no step of the memories")
    func keyValuePlan() throws {
        let (plan, problems) = PlanFile.read(path: Self.repository.appending(path: "Plans/kv-deprecation.yaml").path, catalog: catalog)
        #expect(problems.map(String.init(describing:)) == [])
        let read = try #require(plan)
        #expect(LegacyTable.of(read) == [.keyValues])
        #expect(read.ownState)
        #expect(Set(catalog.entries.map(\.kind)).subtracting(read.steps.map(\.spec.kind)) == ["env.wire", "fallback.remove"])
        for step in read.steps where catalog.entry(for: step.spec.kind)?.settings.contains(where: { $0.key == "table" }) == true {
            #expect(LegacyTable(step.spec) == .keyValues, "\(step.place)")
        }
    }

    @Test("what runs is a command or an image, and an image is named by its digest", arguments: [
        ("program: env:PLUGIN_COMMAND", "image: plugin:latest", "not named by its digest"), ("program: env:PLUGIN_COMMAND,", "", "wants one of program and image"),
        ("program: env:PLUGIN_COMMAND", "program: a, image: env:IMAGE", "wants one of program and image"),
        ("server: env:STRICT_SERVER_COMMAND", "image: strict@sha256:12", "not named by its digest"),
    ])
    func images(old: String, new: String, problem: String) throws {
        let text = try String(contentsOf: Self.repository.appending(path: "Plans/lab.yaml"), encoding: .utf8)
        #expect(text.contains(old))
        let problems = PlanFile.read(text: text.replacing(old, with: new), path: "lab.yaml", catalog: catalog).1.map(\.what)
        #expect(problems.count == 1 && problems[0].contains(problem), "\(problems)")
        let digest = "plugin@sha256:" + String(repeating: "a", count: 64)
        #expect(PlanFile.read(text: text.replacing("program: env:PLUGIN_COMMAND", with: "image: \(digest)"), path: "lab.yaml", catalog: catalog).1.isEmpty)
    }

    @Test("a plan for one plugin of many tenants names its URL, and goes by HTTP alone", arguments: [
        ("topology: central", "topology: sidecar", "has a url, and the plan decides topology: sidecar"), ("lane: http", "lane: sql", "not in a tenant's reach"),
        ("url: env:CENTRAL_PLUGIN_URL", "url: \"https://a:b@c\"", "no plain address"), ("url: env:CENTRAL_PLUGIN_URL", "url: env:URL, listen: env:L", "and listen as well"),
        ("url: env:CENTRAL_PLUGIN_URL", "program: env:P, listen: env:L", "has no url, and the plan decides topology: central"),
    ])
    func central(old: String, new: String, problem: String) throws {
        var text = try String(contentsOf: Self.repository.appending(path: "Plans/memory-ssot-central.yaml"), encoding: .utf8)
        #expect(text.contains(old))
        let indent = String(repeating: " ", count: 10)
        text = text.replacing(old, with: new.replacing(", ", with: "\n\(indent)"))
        let problems = PlanFile.read(text: text, path: "central.yaml", catalog: catalog).1.map(\.what)
        #expect(problems.contains { $0.contains(problem) }, "\(problems)")
    }

    @Test("a step is made of the nature that the catalogue says")
    func made() throws {
        let plan = try LabTenant.plan()
        for planned in plan.steps {
            switch (catalog.nature(of: planned.spec.kind), try #require(catalog.make(planned, in: plan))) {
            case (.wait, .wait), (.irreversible, .irreversible): break
            case (.graceful, .reversible(let step)): #expect(step is any GracefulStep)
            case (.reversible, .reversible(let step)): #expect(!(step is any GracefulStep))
            default: Issue.record("\(planned.place) is made of another nature")
            }
        }
    }

    @Test("gates are claims: short, positive, each once in its step, and cleared by a command where a person must act")
    func gates() throws {
        let plan = try LabTenant.plan()
        for planned in plan.steps {
            let step = try #require(catalog.make(planned, in: plan))
            var gates = step.base.preconditions
            if case .reversible(let reversible) = step { gates += reversible.wayBack }
            #expect(Set(gates.map(\.claim)).count == gates.count, "\(planned.place)")
            for gate in gates {
                #expect((10...90).contains(gate.claim.count), "\(planned.place): \(gate.claim)")
                #expect(gate.claim.last != "." && gate.claim.contains(" "), "\(planned.place): \(gate.claim)")
                if case .person(let command) = gate.clearedBy { #expect(command.hasPrefix("cutoverctl "), "\(planned.place): \(command)") }
            }
        }
    }

    @Test("the plans for production don't drop the memories before a named blocker is closed, and nothing says so by itself", arguments: ["memory-ssot.yaml", "memory-ssot-central.yaml"])
    func shippedBlockers(name: String) async throws {
        let plan = try #require(PlanFile.read(path: Self.repository.appending(path: "Plans/\(name)").path, catalog: catalog).0)
        let planned = try #require(plan.steps.first { $0.spec.kind == "legacy.drop" })
        guard case .reversible(let drop)? = catalog.make(planned, in: plan) else { return #expect(Bool(false), "the drop is no such step") }
        let gate = try #require(drop.preconditions.first { $0.claim == "issue-769 is closed" })
        #expect(gate.clearedBy == .person("cutoverctl attest TENANT --blocker issue-769 --reason TEXT"))
        #expect(planned.spec.risk == .high && plan.approvals.count == 2 && plan.approvals.notAuthor)
    }

    @Test("a named blocker is a gate of its own, opened by a person")
    func blockers() throws {
        let gates = DropLegacy(graceSeconds: 1, blockers: [ExternalBlocker(name: "issue-769"), ExternalBlocker(name: "issue-770", question: .init(url: "https://tracker.test/770"))], vault: Vault(to: "", key: ""), table: .memories).preconditions.suffix(2)
        #expect(gates.map(\.claim) == ["issue-769 is closed", "issue-770 is closed"])
        for gate in gates { #expect(gate.clearedBy != .time) }
    }
}
