import Foundation

/// Before anything, after A1 and before the drop, a preview, a check and the questions leave everything as it was.
enum PreviewChangesNothing {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(agents: false)
        try await compare(stage, "before anything", stepsToCome: Stage.steps.count + 1)
        try expect(!FileManager.default.fileExists(atPath: stage.journal), "a preview has begun a journal")

        try await stage.forward("advance", "acme", "--to", "A1/shadow.watch", "--wait")
        try await compare(stage, "after A1", stepsToCome: 7)

        try await stage.forward("advance", "acme", "--to", "A3/soak.wait", "--wait")
        try await compare(stage, "before the drop", stepsToCome: 2)
    }

    private struct Previews: Decodable {
        struct Tenant: Decodable {
            struct Step: Decodable {
                struct Gate: Decodable { let claim: String }
                let step: String
                let gates: [Gate]
                let commands: [String]
            }
            let tenant: String
            let steps: [Step]
        }
        let tenants: [Tenant]
    }

    private static func compare(_ stage: Stage, _ moment: String, stepsToCome: Int) async throws {
        // The watch goes on with its own work; for the comparison it stands still.
        let watch = Leftovers.of(stage.host("acme")).filter { $0.command.contains("host watch") }
        for process in watch { kill(process.pid, SIGSTOP) }
        defer { for process in watch { kill(process.pid, SIGCONT) } }
        try await Task.sleep(for: .milliseconds(300))

        let before = try await Imprint.take(stage)
        let told: Previews = try await stage.ctl("preview", "acme", "--json", code: 0).answer()
        let steps = told.tenants.first?.steps ?? []
        try expect(steps.count == stepsToCome, "\(moment) the preview tells of \(steps.count) steps: \(steps.map(\.step).joined(separator: ", "))")
        try expect(steps.contains { !$0.gates.isEmpty } && steps.contains { !$0.commands.isEmpty }, "\(moment) the preview tells no gates or no commands")
        try await stage.ctl("preview", code: 0)
        try await stage.ctl("preview", "--detailed-exitcode", code: 2)
        try await stage.ctl("status", "--json", code: 0)
        try await stage.ctl("why", "acme", code: 0)
        try await stage.ctl("check", "acme")
        let after = try await Imprint.take(stage)

        let changed = before.differences(to: after)
        try expect(changed.isEmpty, "\(moment) a preview changed \(changed.joined(separator: "; "))")
        try expect(before.size > 10, "\(moment) there was next to nothing to compare")
    }
}
