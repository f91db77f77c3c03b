import Cutover
import Host

/// The workspace server: its wiring, its version, and what both are tried by.
extension TenantBook {
    mutating func addWiring() {
        ask("stores.lag") { database, _, _ in
            guard let own = database.own else { throw Refused("change capture is not installed") }
            return ["entries": .number(own.log.count), "markers": 0, "zero": .flag(own.log.isEmpty), "marker": 1]
        }
        // Both policies let the same agents read: what a person would have to sign is tried elsewhere.
        ask("access.change") { _, _, _ in ["gained": 0, "lost": 0, "counts": [], "examples": []] }
        read("outage.estimate") { _, _ in ["waiting": 0, "rows": 0] }
        act("wiring.switch") { deed in
            struct Asked: Decodable { let wired: Bool }
            guard try deed.asked(Asked.self).wired else { return try deed.putBack("MEMORY_PLUGIN_URL", "wiring") { $0.pluginURL = $1 } }
            let isWired = deed.tenant.now { $0.host.server?.pluginURL == HostSide.ownURL && $0.host.file.pluginURL == HostSide.ownURL }
            if isWired { return ["facts": ["effect": "it was wired already"]] }
            let present = deed.tenant.now { $0.host.file.pluginURL }
            return try deed.set("MEMORY_PLUGIN_URL", "wiring", present, HostSide.ownURL) { $0.pluginURL = HostSide.ownURL }
        }
        exercise("wiring.trial") { deed in
            try deed.traced("wiring.trial") { model in
                switch model.agentsDoor {
                case .new: return ["pid": "9"]
                case .lie: throw Refused("a memory committed through the agents' door is not in v2")
                case .old: throw Refused("a memory committed through the agents' door went to v1: the server fell back silently")
                case .refused: throw Refused("the workspace server does not answer")
                }
            }
        }
        read("wiring.state") { model, _ in
            let server = model.host.server
            return [
                "serverRuns": .flag(server != nil), "pid": 9, "wired": .flag(server?.pluginURL == HostSide.ownURL), "fileWired": .flag(model.host.file.pluginURL == HostSide.ownURL),
                "trialGreen": .flag(model.host.trials["wiring.trial"] == true), "pluginHealthy": .flag(model.host.plugin.isHealthy),
                "settingKept": .flag(model.host.remembered["MEMORY_PLUGIN_URL"] != nil),
            ]
        }
        addVersion()
    }

    private mutating func addVersion() {
        read("server.migrations") { _, _ in ["read": "the plan names no migrations", "touching": []] }
        act("server.switch") { deed in
            struct Asked: Decodable { let forward: Bool }
            guard try deed.asked(Asked.self).forward else { return try deed.putBack("WORKSPACE_SERVER_COMMAND", "server") { $0.version = $1 ?? HostSide.olderVersion } }
            let runs = deed.tenant.now { $0.host.server?.isStrict == true && $0.host.file.isStrict }
            if runs { return ["facts": ["effect": "it ran already"]] }
            let present = deed.tenant.now { $0.host.file.version }
            return try deed.set("WORKSPACE_SERVER_COMMAND", "server", present, HostSide.strictVersion) { $0.version = HostSide.strictVersion }
        }
        exercise("strict.trial") { deed in
            try deed.traced("strict.trial") { model in
                guard model.host.server?.isStrict == true else { throw Refused("the new version boots without the plugin's URL") }
                guard model.agentsDoor == .new else { throw Refused("a memory committed through the agents' door is not in v2") }
                return ["pid": "9", "bootWithoutURL": "exit 1"]
            }
        }
        read("server.version") { model, _ in
            let server = model.host.server
            return [
                "serverRuns": .flag(server != nil), "command": .text(server?.version ?? "none"), "isStrict": .flag(server?.isStrict == true),
                "fileIsStrict": .flag(model.host.file.isStrict), "trialGreen": .flag(model.host.trials["strict.trial"] == true), "programThere": true,
                "versionKept": .flag(model.host.remembered["WORKSPACE_SERVER_COMMAND"] != nil),
            ]
        }
        ask("doors.answer") { database, model, _ in
            guard let server = model.host.server else { return ["problem": "the workspace server does not run"] }
            let isReached = server.pluginURL == HostSide.ownURL && model.host.plugin.isHealthy
            return ["problem": isReached ? .nothing : "the panel's read route does not answer 200"]
        }
    }
}

extension Deed {
    private static let nothing = "absent"

    func set(_ key: String, _ effect: String, _ present: String?, _ value: String, _ change: (inout HostSide.Settings) -> Void) throws -> Said {
        if present != value {
            try host("remembers \(key)") { model in
                // The first one wins: doing it again must not forget what stood there before the first time.
                if model.host.remembered[key] == nil { model.host.remembered[key] = present ?? Self.nothing }
            }
        }
        try host("begins \(effect)") { $0.host.begin(effect, trial: effect == "wiring" ? "wiring.trial" : "strict.trial") }
        return try restart(change)
    }

    func putBack(_ key: String, _ effect: String, _ change: (inout HostSide.Settings, String?) -> Void) throws -> Said {
        try endSampling()
        guard let earlier = tenant.now({ $0.host.remembered[key] }) else { return ["facts": ["effect": "nothing had been changed"]] }
        try host("begins \(effect)") { $0.host.begin(effect, trial: effect == "wiring" ? "wiring.trial" : "strict.trial") }
        let said = try restart { change(&$0, earlier == Self.nothing ? nil : earlier) }
        try host("forgets \(key)") { $0.host.remembered[key] = nil }
        return said
    }

    /// Stops the server, brings both stores to equality, changes its settings and starts it again; unchanged where equality can't be had.
    private func restart(_ change: (inout HostSide.Settings) -> Void) throws -> Said {
        let before = tenant.now { $0.host.file }
        try host("stops the server") { $0.host.server = nil }
        do { try database("quiesces") { try $0.database.quiesce() } } catch let refused as Refused {
            try host("starts the server unchanged") { $0.host.server = before }
            throw StepFailure(
                "the stores could not be brought to equality (\(refused)); the server runs again as before", effect: .nothingChanged, next: "cutoverctl why \(hand.sight.tenant)")
        }
        try host("saves the env file") { change(&$0.host.file) }
        try host("starts the server") { $0.host.server = $0.host.file }
        return ["facts": ["outageSeconds": "1.000"]]
    }
}
