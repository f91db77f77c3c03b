@testable import DataPath
import Foundation
import Postgres
import Testing

/// v1 with its capture, a plugin that is reached over HTTP alone, and a writer between them.
struct RemoteStage: Sendable {
    let stage: Stage
    let plugin: SecondPlugin
    let writer: RemoteWriter
    static let settings = DataPathSettings(lane: .http)
    static let child = "workspace:\(Stage.child.lowercased)"

    static func make(mode: Control.Mode = .sync, late: Double = 0.3, timeout: Double = 0.4, fault: String? = nil) async throws -> RemoteStage {
        let stage = try await Stage.make(capture: false)
        // In this lane v2 has no table here.
        try await stage.ours.execute("DROP SCHEMA memory_plugin CASCADE")
        let plugin = try SecondPlugin()
        try plugin.misbehave(fault)
        try await Capture(settings).install(stage.ours)
        try await Control.set(mode, fence: 0, stage.ours)
        let made = RemoteStage(stage: stage, plugin: plugin, writer: try await writer(stage, plugin, late, timeout))
        try await made.writer.start()
        return made
    }

    static func writer(_ stage: Stage, _ plugin: SecondPlugin, _ late: Double = 0.3, _ timeout: Double = 0.4) async throws -> RemoteWriter {
        RemoteWriter(
            try await PostgresConnection.connect(stage.url, applicationName: "cutover-remote"), settings: settings,
            store: records(plugin, late, timeout), fence: 0)
    }

    /// For those who only look: they have all the time that a busy machine takes.
    static func records(_ plugin: SecondPlugin, _ late: Double = 0.3, _ timeout: Double = 20) -> PluginRecords {
        PluginRecords(LaneSettings(lane: .http, plugin: plugin.url, most: 8, timeoutSeconds: timeout, lateSeconds: late))
    }

    /// Steps until nothing waits.
    @discardableResult
    func settle(_ writer: RemoteWriter? = nil) async throws -> LookCounts {
        let writer = writer ?? self.writer
        var all = LookCounts()
        let end = ContinuousClock.now + .seconds(300)
        while ContinuousClock.now < end {
            let step = try await writer.step()
            all.looked += step.looks.looked
            all.written += step.looks.written
            all.conflicts += step.looks.conflicts
            all.exceptions += step.looks.exceptions
            let control = try await Control.read(stage.ours)
            if control.mode != .copy || control.copyDone, try await writer.isSettled() { return all }
            if step.idle { try await Task.sleep(for: .milliseconds(10)) }
        }
        throw NoRest()
    }

    struct NoRest: Error, CustomStringConvertible { var description: String { "nothing comes to rest" } }

    func shown(_ namespace: String = child) async throws -> [String] { try await plugin.shown(namespace).map(\.content) }

    func count(_ sql: String) async throws -> Int { try await stage.count(sql) }

    /// Rows of v1 that `placed` says are live in v2, and what the plugin really has of them.
    func falselyPlaced() async throws -> [String] {
        var wrong: [String] = []
        for row in try await stage.ours.query(
            "SELECT p.id, p.namespace, m.content FROM cutover.placed p LEFT JOIN agent_memories m ON m.id = p.id WHERE p.state = 'live'")
        {
            let id = try row.uuid("id").lowercased
            let there = try await plugin.shown(try row.string("namespace")).first { $0.id == id }
            let content = try row.optionalString("content")
            if there == nil || there?.content != content { wrong.append(id) }
        }
        return wrong
    }
}
