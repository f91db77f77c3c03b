import DataPath
import Foundation
import Postgres
import Testing

/// A pair of stores in which both projections are kept in step, each by a writer of its own.
struct KeyValueStage: Sendable {
    let memories: Stage
    let writer: Writer
    let settings = DataPathSettings.keyValues

    var agent: PostgresConnection { memories.agent }
    var ours: PostgresConnection { memories.ours }

    static func make(mode: Control.Mode = .sync) async throws -> KeyValueStage {
        let memories = try await Stage.make()
        try await Capture(.keyValues).install(memories.ours)
        try await Control.set(mode, fence: 0, memories.ours, .keyValues)
        let writer = Writer(try await PostgresConnection.connect(memories.url, applicationName: "cutover-kv-writer"), settings: .keyValues, fence: 0)
        try await writer.start()
        return KeyValueStage(memories: memories, writer: writer)
    }

    /// Steps both writers until neither has anything left.
    func settle() async throws {
        for _ in 0..<400 {
            _ = try await writer.step()
            _ = try await memories.writer.step()
            var left = 0
            for settings in [settings, DataPathSettings()] {
                let growth = try await Capture(settings).growth(ours)
                let control = try await Control.read(ours, settings)
                if control.mode == .sync || control.mode == .copy { left += growth.entries + growth.markers + (control.mode == .copy && !control.copyDone ? 1 : 0) }
            }
            if left == 0 { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("the logs do not empty")
    }

    // MARK: - The key/value door

    @discardableResult
    func put(
        _ key: String, _ value: String, workspace: UUID = Stage.child, expires: String? = nil, ifMatch version: Int? = nil
    ) async throws -> (id: UUID, version: Int)? {
        try await agent.put(key, value, workspace: workspace, expires: expires, ifMatch: version)
    }

    func plant(_ sql: String) async throws { try await agent.execute(sql) }

    // MARK: - What is there

    /// Every row of v1, whole, in id order.
    func v1() async throws -> [String] {
        try await ours.query("SELECT t::text AS text FROM workspace_memory t ORDER BY id").map { try $0.string("text") }
    }

    func value(_ id: UUID) async throws -> String? {
        try await ours.query("SELECT value::text AS value FROM workspace_memory WHERE id = $1", [.uuid(id)]).first?.string("value")
    }

    func record(_ id: UUID) async throws -> String? {
        try await ours.query(
            "SELECT concat_ws(' ', namespace, content, kind, source, pin, expires_at) AS text FROM memory_plugin.memory_records WHERE id = $1", [.uuid(id)]
        ).first?.string("text")
    }

    func count(_ sql: String) async throws -> Int { try await memories.count(sql) }
    func parity(_ base: Parity.Base = .v1) async throws -> ParityReport { try await Parity(settings).compare(ours, against: base) }
    func reasons() async throws -> [String: Int] { try await ExceptionsList.read(ours, settings).byReason }
}
