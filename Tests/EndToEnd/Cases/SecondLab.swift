import Foundation

/// Two labs side by side know nothing of each other.
enum SecondLab {
    /// Both go the whole way at once, each with agents of its own.
    @Sendable static func whole(_ stage: Stage) async throws {
        let other = stage.beside
        async let one: Void = stage.raise(rows: 150)
        async let two: Void = other.raise(rows: 150, seed: 2)
        _ = try await (one, two)
        async let here: Void = stage.forwardToTheDrop()
        async let beside: Void = other.forwardToTheDrop()
        _ = try await (here, beside)
        for lab in [stage, other] { try await lab.referee("v2", "acme") }
        async let back: Void = stage.backToTheStart()
        async let again: Void = other.backToTheStart()
        _ = try await (back, again)
        for lab in [stage, other] { try await lab.ctl("journal", "verify", code: 0) }
    }

    @Sendable static func run(_ stage: Stage) async throws {
        let other = stage.labs[1]
        async let one: Void = stage.raise(rows: 60)
        async let two = stage.lab("up", "--root", other, "--tenants", "1", "--rows", "60")
        _ = try await (one, two)
        let ports = try [stage.root, other].map { root in
            let env = try EnvText("\(root)/tenants/acme/env")
            return try Set(["LISTEN_ADDR", "PLUGIN_LISTEN"].map { try env.require($0) } + [env.require("DATABASE_URL").split(separator: "@").last.map(String.init) ?? ""])
        }
        try expect(ports[0].isDisjoint(with: ports[1]), "both labs use \(ports[0].intersection(ports[1]).joined(separator: ", "))")

        let there: [String: String?] = ["CUTOVER_FLEET": "\(other)/fleet.yaml", "CUTOVER_JOURNAL": "\(other)/cutover.db"]
        async let here = stage.ctl("advance", "acme", "--to", "A1/backfill.copy")
        async let beside = stage.ctl("advance", "acme", "--to", "A1/backfill.copy", changing: there)
        for ended in try await [here, beside] { try expect(ended.code == 0, "`\(ended.words)` ended with \(ended.code): \(ended.said)") }

        // The journal of one lab is a stranger to the hosts of the other.
        let foreign = try await stage.ctl("revert", "acme", "--to", "start", changing: ["CUTOVER_FLEET": "\(other)/fleet.yaml"])
        try expect(foreign.code != 0 && (foreign.out + foreign.err).contains("belongs to journal"), "with the other lab's journal `revert` ended with \(foreign.code): \(foreign.said)")
        let untouched = try await stage.ctl("check", "acme", code: 0, changing: there)
        try expect(untouched.out.contains("in place"), "the other lab was touched: \(untouched.said)")

        try await stage.lab("down", "--root", stage.root)
        let left: LabAnswer = try await stage.lab("status", "--root", other, "--json").answer()
        try expect(left.postgres == "up" && left.tenants.allSatisfy { $0.server == "up" && $0.plugin == "up" && $0.agents == "running" }, "with one lab down the other is \(left)")
        try await stage.ctl("check", "acme", code: 0, changing: there)
    }
}
