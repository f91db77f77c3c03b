import Foundation

/// Somebody rebuilds a tenant's host from what it was before the migration: check notices, and what is gone is done anew.
enum RecycledHost {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise()
        let before = try String(contentsOfFile: stage.env("acme"), encoding: .utf8)
        try await stage.forward("advance", "acme", "--to", "A1/env.wire", "--wait")

        // The tenant's database lives on; program, ledger, plugin and settings are those of the old image.
        try await stage.lab("agents", "pause", "--root", stage.root)
        // Each round may find what the one before had brought up: the watch starts the plugin again.
        _ = try await eventually("the host's processes are gone", within: 30) { killAll(stage) ? true : nil }
        try FileManager.default.removeItem(atPath: stage.host("acme"))
        try FileManager.default.createDirectory(atPath: stage.host("acme"), withIntermediateDirectories: true)
        try before.write(toFile: stage.env("acme"), atomically: false, encoding: .utf8)
        try await stage.lab("up", "--root", stage.root, "--tenants", "1")

        let checked: CheckAnswer = try await stage.ctl("check", "acme", "--json").answer()
        let prepared = checked.tenants[0].steps.first { $0.step == "A0/host.prepare" }
        try expect(prepared?.finding == "absent", "check finds the rebuilt host \(prepared?.finding ?? "not at all")")

        // What hangs on the program is not known before it stands there again: opened and done anew from the first on.
        try await stage.ctl("check", "acme", "--reopen", "--reason", "rebuilt from its old user-data")
        try await stage.ctl("advance", "acme", "--to", "A0/host.prepare", code: 0)
        try await stage.ctl("check", "acme", "--reopen", "--reason", "rebuilt from its old user-data")
        try await stage.forward("advance", "acme", "--to", "A1/env.wire", "--wait")
        try await stage.ctl("check", "acme", code: 0)
        try await stage.lab("agents", "resume", "--root", stage.root)
        try await stage.referee("v2", "acme")
        try await stage.ctl("journal", "verify", code: 0)
    }

    /// True once there were none.
    private static func killAll(_ stage: Stage) -> Bool {
        let found = Leftovers.of(stage.folder).filter { process in
            ["cutoverctl", "lab-plugin", "lab-workspace-server"].contains { process.command.split(separator: " ").first?.contains($0) ?? false }
        }
        for process in found { kill(process.pid, SIGKILL) }
        return found.isEmpty
    }
}
