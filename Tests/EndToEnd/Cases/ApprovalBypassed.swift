import Foundation

/// Three merges of high risk were pushed through by one person in a day.
enum ApprovalBypassed {
    private static let places = ["A0/host.prepare", "A0/sidecar.start", "A1/mirror.install"]

    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(tenants: 2, rows: 60, agents: false)
        try await withoutTheGuard(stage)

        var stage = stage
        let keys = try await keys(stage)
        stage.plan = try stage.file("guarded.yaml", try plan(stage, risk: "risk: high, "))
        for (index, place) in places.enumerated() {
            try await alone(stage, place, keys)
            try await stage.ctl("approve", "acme", place, "--as", "lead-1", "--key", keys["lead-1"] ?? "", "--reason", "read it", code: 0)
            try await stage.ctl("approve", "acme", place, "--as", "lead-1", "--key", keys["lead-1"] ?? "", "--reason", "read it twice", code: 0)
            let one = try await stage.ctl("advance", "acme", "--to", place, code: 3)
            try expect(one.said.contains("1 of 2"), "one person who signs twice is told as: \(one.said)")
            try await stage.ctl("approve", "acme", place, "--as", "lead-2", "--key", keys["lead-2"] ?? "", "--reason", "read it too", code: 0)
            // Those two signed this step, and no later one.
            try await stage.ctl("advance", "acme", "--to", places.last ?? "", code: index < places.count - 1 ? 3 : 0)
            let stand = try await stage.verified()
            try expect(stand == Array(places.prefix(index + 1)), "after two signatures for \(place) these stand: \(stand)")
        }
        for place in places {
            let signed = Set(try await stage.history().filter { $0.kind == "approved" && $0.facts["topic"] == place }.map(\.by))
            try expect(signed == ["lead-1", "lead-2"], "\(place) was agreed to by \(signed.sorted())")
        }
        try await stage.backToTheStart()
    }

    /// The same steps without a risk: one person takes them through, one after the other, and nobody else has said a word.
    private static func withoutTheGuard(_ stage: Stage) async throws {
        var stage = stage
        stage.plan = try stage.file("unguarded.yaml", try plan(stage, risk: ""))
        try await stage.ctl("advance", "globex", "--to", places.last ?? "", code: 0, changing: ["CUTOVER_OPERATOR": "release-manager"])
        let events = try await stage.history("globex")
        try expect(try await stage.verified("globex") == places && Set(events.map(\.by)) == ["release-manager"], "without a risk the steps did not go through alone: \(events.map(\.by))")
    }

    /// What one person can try: to go on, to agree as the plan's author, and to agree in another's name.
    private static func alone(_ stage: Stage, _ place: String, _ keys: [String: String]) async throws {
        let begun = try await stage.history().filter { $0.kind == "started" }.count
        try await stage.ctl("advance", "acme", "--to", place, code: 3)
        try await stage.ctl("approve", "acme", place, "--as", "release-manager", "--key", keys["release-manager"] ?? "", "--reason", "it is urgent", code: 3)
        for name in ["lead-1", "lead-2"] {
            try await stage.ctl("approve", "acme", place, "--as", name, "--key", keys["release-manager"] ?? "", "--reason", "it is urgent", code: 3)
        }
        try await stage.ctl("advance", "acme", "--to", place, code: 3)
        try expect(try await stage.history().filter { $0.kind == "started" }.count == begun, "\(place) was begun with nobody's consent")
    }

    /// The keys of four people, and the file that names them beside the plan.
    private static func keys(_ stage: Stage) async throws -> [String: String] {
        var (paths, people): ([String: String], [String]) = ([:], [])
        for name in ["lead-1", "lead-2", "lead-3", "release-manager"] {
            let path = "\(stage.folder)/\(name).key"
            let line = try await stage.ctl("key", "new", "--out", path, "--as", name, code: 0).out.split(separator: "\n").last ?? ""
            people.append("  - { name: \(name), keys: [\(line.split(separator: " ").prefix(2).joined(separator: " "))] }")
            paths[name] = path
        }
        _ = try stage.file("people.yaml", "people:\n\(people.joined(separator: "\n"))\n")
        return paths
    }

    /// The lab's plan as far as its third step, each of that risk.
    private static func plan(_ stage: Stage, risk: String) throws -> String {
        var text = try ShortPlan.text(stage, through: "mirror.install")
        for place in places {
            let kind = place.split(separator: "/")[1]
            text = text.replacing("uses: \(kind)", with: "uses: \(kind)\(risk.isEmpty ? "" : ", risk: high")")
        }
        if risk.isEmpty { return text }
        return text.replacing("author: release-manager\n", with: "author: release-manager\nkeys: people.yaml\n").replacing("revision: 1\n", with: "revision: 2\n")
    }
}
