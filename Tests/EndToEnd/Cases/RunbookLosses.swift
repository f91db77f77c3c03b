import Foundation

/// What was lost, or put back to an older state.
enum RunbookLosses {
    private static let young = "initech"

    static let scenes: [Runbooks.Scene] = [
        Runbooks.Scene("a tenant is quarantined", young) { stage, walk in
            try await stage.back(young)
            try await stage.forward(young, to: "A0/sidecar.start")
            let (host, ledger) = (stage.host(young), ["ops", "fence", "tally.json"])
            for name in ledger { try FileManager.default.copyItem(atPath: "\(host)/\(name)", toPath: "\(stage.folder)/\(name)") }
            try await stage.forward(young, to: "A1/mirror.install")
            for name in ledger {
                try FileManager.default.removeItem(atPath: "\(host)/\(name)")
                try FileManager.default.copyItem(atPath: "\(stage.folder)/\(name)", toPath: "\(host)/\(name)")
            }
            try await stage.ctl("advance", young, "--to", "A1/backfill.copy", code: 3)
            let state = try await stage.status(of: young).state
            try expect(state == "quarantined", "with its ledger put back \(young) is \(state)")
            try await walk(stage, [:], [:])
        },
        Runbooks.Scene("the journal was lost", young) { stage, walk in
            try await stage.back(young)
            try await stage.forward(young, to: "A0/sidecar.start")
            try copyJournal(stage, to: "\(stage.folder)/journal")
            try await stage.forward(young, to: "A1/backfill.copy")
            try copyJournal(stage, from: "\(stage.folder)/journal")
            try await walk(stage, [:], [:])
        },
        Runbooks.Scene("a host was built anew", young) { stage, walk in
            try await stage.back(young)
            try await stage.forward(young, to: "A0/sidecar.start")
            let stage = stage
            // Each round may find what the one before had brought up: the watch starts the plugin again.
            _ = try await eventually("the host's processes are gone", within: 30) { try killAll(stage) ? true : nil }
            try FileManager.default.removeItem(atPath: stage.host(young))
            try FileManager.default.createDirectory(atPath: stage.host(young), withIntermediateDirectories: true)
            try await walk(stage, [:], [:])
        },
        // The last: from here on there is another journal.
        Runbooks.Scene("nothing is left of the journal", young) { stage, walk in
            try await stage.back(young)
            try await stage.forward(young, to: "A0/sidecar.start")
            try copyJournal(stage, from: "\(stage.folder)/none")
            try await walk(stage, [:], [:])
        },
    ]

    /// With what SQLite keeps beside it.
    private static func copyJournal(_ stage: Stage, from: String? = nil, to: String? = nil) throws {
        for suffix in ["", "-wal", "-shm"] {
            let (source, target) = ((from ?? stage.journal) + suffix, (to ?? stage.journal) + suffix)
            try? FileManager.default.removeItem(atPath: target)
            if FileManager.default.fileExists(atPath: source) { try FileManager.default.copyItem(atPath: source, toPath: target) }
        }
    }

    /// True once there were none of the tenant's: its watch, its plugin, and what runs the plugin.
    private static func killAll(_ stage: Stage) throws -> Bool {
        let listens = "MEMORY_PLUGIN_LISTEN_ADDR=\(try EnvText(stage.env(young)).require("PLUGIN_LISTEN"))"
        let found = Leftovers.of(stage.folder).filter { process in
            process.command.contains("host watch") && process.command.contains(stage.host(young)) || Leftovers.read(process.pid, "environ").contains(listens)
        }
        for process in found { kill(process.pid, SIGKILL) }
        return found.isEmpty
    }
}
