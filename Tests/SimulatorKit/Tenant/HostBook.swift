import Cutover
import Host

/// A0: the host, and the plugin on it.
extension TenantBook {
    mutating func addHost() {
        keep(SimulatedTally(tenant: tenant))
        add(LeaveBehind.self)
        read("host.veto") { _, _ in
            ["objection": .nothing]
        }
        read("host.checks") { model, _ in
            [
                "problems": model.answers ? [] : ["the database does not answer"], "facts": ["freeMiB": "4096"], "watchRuns": .flag(model.host.watchRuns),
                "watchStays": true, "watchIsThisBuild": true,
            ]
        }
        act("watch.start") { deed in
            try await SimulatedTally(tenant: deed.tenant).begin(deed.hand)
            return try deed.ensureWatch()
        }
        act("host.leave") { deed in
            try deed.host("stops the watch") { model in
                model.host.watchRuns = false
                model.host.sampling = nil
                model.host.held = nil
            }
            let kept = try deed.database("takes our schema away") { model in
                guard let own = model.database.own else { return 0 }
                let texts = own.conflicts.flatMap { [$0.old?.text, $0.new?.text].compactMap(\.self) } + own.kept.values.map(\.text)
                model.host.keptTexts.formUnion(texts)
                model.database.own = nil
                return texts.count + own.exceptions.count
            }
            try await SimulatedTally(tenant: deed.tenant).forget(deed.hand)
            return ["kept": .text(kept == 0 ? "nothing" : "\(kept) records")]
        }
        addSidecar()
        addBooks()
    }

    private mutating func addSidecar() {
        read("sidecar.surroundings") { model, _ in
            [
                "configuredURL": .optional(model.host.server.map(\.pluginURL) ?? model.host.file.pluginURL), "ownURL": .text(HostSide.ownURL), "listen": "127.0.0.1:9101",
                "portTaken": false, "sidecarRuns": .flag(model.host.plugin.runs),
            ]
        }
        act("sidecar.run") { deed in
            try deed.host("notes the plugin's use") { model in
                model.host.begin("sidecar", trial: "sidecar.trial")
                model.host.plugin.isInUse = true
            }
            try deed.database("starts the plugin") { model in
                guard model.host.plugin.mood != .failing, model.host.plugin.mood != .stalled else {
                    throw StepFailure("the plugin did not become healthy within 60 s", effect: .partlyChanged, next: "cutoverctl why \(deed.hand.sight.tenant)")
                }
                model.host.plugin.runs = true
                if model.database.new == nil { model.database.new = [:] }
            }
            return ["pid": 8]
        }
        exercise("sidecar.trial") { deed in
            try deed.traced("sidecar.trial") { model in
                guard model.host.plugin.isHealthy else { throw Refused("the plugin does not answer") }
                if model.host.plugin.mood == .lying { throw Refused("a commit with metadata answered 201 and was not found") }
                return ["rowsFoundBeforehand": String(model.database.new?.count ?? 0)]
            }
        }
        ask("sidecar.state") { database, model, _ in
            let plugin = model.host.plugin
            guard plugin.runs else {
                return ["problems": ["the plugin does not run"], "facts": [:], "nothingThere": .flag(database.new == nil), "isOthers": false]
            }
            guard plugin.isInUse else { return ["problems": ["it is not in use"], "facts": [:], "nothingThere": true, "isOthers": true] }
            var problems: [String] = []
            if database.new == nil { problems.append("it runs, and its schema is not in the database") }
            if !plugin.isHealthy { problems.append("health does not answer: \(plugin.mood.rawValue)") }
            if model.host.trials["sidecar.trial"] != true { problems.append("its trial failed, or it was not tried yet") }
            return ["problems": .texts(problems), "facts": ["pid": "8"], "nothingThere": false, "isOthers": false]
        }
        act("sidecar.remove") { deed in
            try deed.host("leaves the plugin") { $0.host.plugin.isInUse = false }
            try deed.host("stops the plugin") { $0.host.plugin.runs = false }
            let wasThere = try deed.database("sets its schema aside") { model in
                guard let rows = model.database.new else { return false }
                model.database.aside.append(rows)
                model.database.new = nil
                return true
            }
            return ["setAside": .optional(wasThere ? "memory_plugin_aside_\(deed.hand.operation.text.prefix(8))" : nil), "stays": false]
        }
    }

    /// The control plane's books, for plans that name them.
    private mutating func addBooks() {
        read("books.resource") { model, _ in
            ["organisation": .text(model.id.text), "noted": .flag(model.isInBooks), "states": model.isInBooks ? ["active"] : []]
        }
        act("books.note") { deed in
            struct Asked: Decodable { let there: Bool }
            let there = try deed.asked(Asked.self).there
            try deed.host("writes the books") { $0.isInBooks = there }
            return ["rows": 1]
        }
    }
}
