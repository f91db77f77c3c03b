import Foundation

extension Stage {
    /// The lab's plan in the other lane, with a short late window. What is accepted is a newer revision, taken up on purpose.
    func overHTTP(revision: Int = 1, accepts: [String] = ["no-way-back-over-http"], copyWithin: String = "10m", exceptions: [String] = []) throws -> String {
        var text = try String(contentsOfFile: places.plan, encoding: .utf8)
        func replace(_ old: String, _ new: String) throws {
            try expect(text.contains(old), "the lab's plan has no `\(old)`")
            text = text.replacingOccurrences(of: old, with: new)
        }
        let accepted = accepts.isEmpty ? "" : ", accepts: [\(accepts.joined(separator: ", "))]"
        try replace(
            "uses: backfill.copy, with: { chunkRows: 200, within: 10m }",
            "uses: backfill.copy, with: { lane: http, timeout: 2s, lateWindow: 2s\(accepted), chunkRows: 200, within: \(copyWithin) }")
        try replace("revision: 1", "revision: \(revision)")
        for line in exceptions { try replace("            other: sign", "            \(line)\n            other: sign") }
        return try file("plan-http-\(revision).yaml", text)
    }
}

/// A plugin whose fault of the moment is named in a file.
struct FaultyPlugin {
    let stage: Stage

    init(_ stage: Stage, on tenant: String = "acme") throws {
        self.stage = stage
        try put("none")
        try PluginWrapper.put("LAB_PLUGIN_FAULT_FILE='\(stage.folder)/fault' \"$PLUGIN\" & child=$!\nwait $child", on: tenant, stage)
    }

    func put(_ fault: String) throws { _ = try stage.file("fault", fault) }

    /// The plugin's own process.
    static func pid(_ stage: Stage) throws -> Int32 {
        guard let plugin = Leftovers.of(stage.folder).first(where: { $0.command.split(separator: " ").first?.hasSuffix("lab-plugin") == true }) else { throw Trouble("no plugin runs") }
        return plugin.pid
    }
}
