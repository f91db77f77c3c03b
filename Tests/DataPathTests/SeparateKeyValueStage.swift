@testable import DataPath
import Foundation
import Postgres
import Testing

/// Keys and values beside the memories, v1 in one server and v2 in another, each of the two tables with a writer of its own.
struct SeparateKeyValueStage: Sendable {
    let stores: SeparateStage
    let writer: Writer
    let pair: SecondDatabase
    static let settings = DataPathSettings.keyValues

    static func make(mode: Control.Mode = .sync) async throws -> SeparateKeyValueStage {
        let stores = try await SeparateStage.make()
        let session = try await joinedPair(stores).0
        try await install(session)
        await session.close()
        try await Control.set(mode, fence: 0, stores.ours, settings)
        let (writer, pair) = try await another(stores)
        return SeparateKeyValueStage(stores: stores, writer: writer, pair: pair)
    }

    /// As the step does: the lane is on record before the looks begin.
    static func install(_ session: PostgresConnection) async throws {
        var wanted = settings
        wanted.lane = .separate
        try await Capture(wanted).install(session)
        try await LaneSettings(lane: .separate).save(session, settings)
    }

    static func joinedPair(_ stores: SeparateStage, readOnly: Bool = false) async throws -> (PostgresConnection, SecondDatabase) {
        let near = try await PostgresConnection.connect(stores.near, readOnly: readOnly, applicationName: "cutover-kv-near")
        let far = try await PostgresConnection.connect(stores.far, readOnly: readOnly, applicationName: "cutover-kv-far")
        return (near, try await SecondDatabase.join(near, far, settings, readOnly: readOnly))
    }

    func session(readOnly: Bool = false) async throws -> PostgresConnection { try await Self.joinedPair(stores, readOnly: readOnly).0 }

    static func another(_ stores: SeparateStage) async throws -> (Writer, SecondDatabase) {
        let (session, pair) = try await joinedPair(stores)
        let writer = Writer(session, settings: settings, fence: 0)
        try await writer.start()
        return (writer, pair)
    }

    func settle() async throws { try await settle(writer) }

    /// Steps both writers until neither has anything left.
    func settle(_ writer: Writer) async throws {
        for _ in 0..<400 {
            let idle = (try await writer.step().idle, try await stores.writer.step().idle)
            let control = try await Control.read(stores.ours, Self.settings)
            let left = control.mode == .idle || control.mode == .stopped ? 0 : try await stores.waiting(Self.settings.schema)
            if idle == (true, true), try await stores.waiting() + left == 0, control.mode != .copy || control.copyDone { return }
            if idle == (true, true) { try await Task.sleep(for: .milliseconds(10)) }
        }
        Issue.record("the logs do not empty")
    }

    func parity(_ base: Parity.Base = .v1) async throws -> ParityReport {
        let reader = try await session(readOnly: true)
        let report = try await Parity(Self.settings).compareUntilSettled(reader, against: base)
        await reader.close()
        return report
    }

    // MARK: - Agents

    var door: PostgresConnection { stores.agent1 }
    var plugin: PostgresConnection { stores.agent2 }

    /// Every row of v1, whole, in id order.
    func v1() async throws -> [String] {
        try await door.query("SELECT t::text AS text FROM workspace_memory t ORDER BY id").map { try $0.string("text") }
    }

    func value(_ id: UUID) async throws -> String? {
        try await door.query("SELECT value::text AS value FROM workspace_memory WHERE id = $1", [.uuid(id)]).first?.string("value")
    }

    func count(_ side: Int, _ what: String) async throws -> Int { try await stores.count(side, what) }
    func reasons() async throws -> [String: Int] { try await ExceptionsList.read(stores.ours, Self.settings).byReason }
}
