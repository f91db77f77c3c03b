import DataPath
import Foundation
import Postgres
import Testing

/// The mapping's functions against the policy written down a second time, in random forests.
@Suite("Mapping in random forests", .serialized)
struct MappingPropertyTests {
    @Test("every owner and scope has the model's namespace or reason, and every namespace the model's home", arguments: [false, true])
    func functions(circles: Bool) async throws {
        let seed = UInt64.random(in: 0...9999)
        print("mapping forests: seed \(seed)")
        var random = Dice(seed: seed)
        var model = PlatformModel.random(60, circles: circles, &random)
        model.addChain(of: 55, &random)
        let stage = try await Stage.make(capture: false)
        try await stage.agent.execute("DELETE FROM workspaces; " + model.sql)
        try await Capture().install(stage.ours)
        for owner in model.inOrder + [UUID(), nil] {
            for scope in ["LOCAL", "TEAM", "GLOBAL"] {
                let row = try await stage.ours.query(
                    "SELECT cutover.target($1, $2) AS target, cutover.unplaced_reason($1, $2) AS reason", [owner.map { .uuid($0) }, .text(scope)])[0]
                let target = model.target(owner: owner, scope: scope)
                #expect(try row.optionalString("target") == target, "seed \(seed), \(scope) of \(String(describing: owner))")
                if target == nil { #expect(try row.string("reason") == model.reason(owner: owner, scope: scope), "seed \(seed), \(scope) of \(String(describing: owner))") }
            }
        }
        let names = model.inOrder.flatMap { id in ["workspace", "team", "org", "custom"].map { "\($0):\(id.lowercased)" } }
        for namespace in names + ["team:\(UUID().lowercased)", "org:x", "workspace:\(model.inOrder[0].uuidString)"] {
            for firstOwner in [nil, model.inOrder.randomElement(using: &random), model.inOrder.first { model.target(owner: $0, scope: "TEAM") == namespace }] {
                let row = try await stage.ours.query(
                    "SELECT workspace_id, scope FROM cutover.reverse($1, $2, NULL)", [.text(namespace), firstOwner.map { .uuid($0) }])[0]
                let home = namespace.hasSuffix(":x") || namespace != namespace.lowercased() ? nil : model.home(namespace: namespace, firstOwner: firstOwner)
                #expect(try row.optionalUUID("workspace_id") == home?.owner, "seed \(seed), \(namespace) first of \(String(describing: firstOwner))")
                #expect(try row.optionalString("scope") == home?.scope, "seed \(seed), \(namespace)")
            }
        }
    }

    @Test("whatever goes to v2 under random rules comes back to the owner and the scope it had, or stays listed", arguments: [false, true])
    func thereAndBack(circles: Bool) async throws {
        let seed = UInt64.random(in: 0...9999)
        print("mapping there and back: seed \(seed)")
        var random = Dice(seed: seed)
        let model = PlatformModel.random(30, circles: circles, &random)
        let stage = try await Stage.make()
        try await stage.agent.execute("DELETE FROM workspaces; " + model.sql)
        var rules: [String: ExceptionRule] = [:]
        for (reason, targets) in [
            ("global-of-non-root", ["workspace", "team", "org", "custom:all"]), ("workspace-cycle", ["workspace", "team", "org"]), ("no-workspace", ["custom:orphans"]),
        ] where Bool.random(using: &random) {
            rules[reason] = .init(.remap, target: targets.randomElement(using: &random))
        }
        _ = try await ExceptionRules.set(rules, fence: 0, stage.ours)
        var expected: [UUID: String?] = [:]
        for _ in 0..<80 {
            let owner = Int.random(in: 0..<10, using: &random) == 0 ? nil : model.inOrder.randomElement(using: &random)
            let scope = ["LOCAL", "TEAM", "GLOBAL"].randomElement(using: &random)!
            let id = try await stage.add1("x", workspace: owner, scope: scope, label: "l\(expected.count)")
            expected[id] = model.carried(owner: owner, scope: scope, rules: rules.mapValues(\.target))
        }
        try await stage.settle()
        for (id, namespace) in expected { #expect(try await stage.namespace(id) == namespace, "seed \(seed)") }
        #expect(try await stage.reasons().values.reduce(0, +) == expected.values.count { $0 == nil }, "seed \(seed)")
        let before = try await stage.rows1()
        try await stage.plant("DELETE FROM agent_memories m USING cutover.placed p WHERE p.id = m.id AND p.state = 'live'; DELETE FROM cutover.placed WHERE state = 'live'")
        try await stage.agent.execute("UPDATE memory_plugin.memory_records SET pin = true")
        try await stage.settle()
        #expect(try await stage.rows1() == before, "seed \(seed)")
    }
}

extension PlatformModel {
    /// A chain so long that its last members are further from the root than anybody walks.
    mutating func addChain(of length: Int, _ random: inout Dice) {
        var parent: UUID?
        for number in 0..<length {
            let id = UUID(uuidString: String(format: "30000000-0000-4000-8000-%012x", number))!
            workspaces[id] = Workspace(id: id, parent: parent, made: 1000 + number)
            inOrder.append(id)
            parent = id
        }
    }

    /// Under the plan's rules for rows that the policy has no namespace for.
    func carried(owner: UUID?, scope: String, rules: [String: String?]) -> String? {
        if let own = target(owner: owner, scope: scope) { return own }
        guard case let place?? = rules[reason(owner: owner, scope: scope)] else { return nil }
        switch place {
        case "workspace": return owner.map { "workspace:\($0.lowercased)" }
        case "team": return owner.map { "team:\(team($0).lowercased)" }
        case "org": return owner.flatMap { workspaces[root($0)]?.parent == nil ? "org:\(root($0).lowercased)" : nil }
        default: return place
        }
    }
}
