import DataPath
import Foundation
import Host
import Postgres

/// Which store serves the server's door for keys and values, told as `AskDoors` tells it of memories: a key is written through the door and
/// found where it lies, and one of two values that we plant under one key, one in each store, is what the door reads.
struct AskKeyDoor: Sendable {
    private static let table = LegacyTable.keyValues
    private static let probes = "cutover-probe-doors-"
    private static let (fromV1, fromV2) = ("planted in v1", "planted in v2")

    let doors: AgentDoors
    let host: HostHand

    func ask(_ trouble: inout [String]) async throws -> AskDoors.Door {
        switch try? await doors.keyValuesStatus() {
        case 200: break
        case 404: return AskDoors.Door(writes: .closed, reads: .closed)
        case let status?:
            trouble.append("the key/value door answers \(status)")
            return AskDoors.Door(writes: .nobody, reads: .nobody)
        case nil:
            trouble.append("the key/value door does not answer")
            return AskDoors.Door(writes: .nobody, reads: .nobody)
        }
        let legacy = try await LegacyState(table: Self.table).read(host.sight)
        let v1MayHold = legacy.place == "in place" && !legacy.frozenTrigger
        // Of an earlier question that was cut short.
        if v1MayHold { try await deleteInV1("starts_with(key, $2)", Self.probes) }
        let writes = try await write(v1MayHold: v1MayHold, &trouble)
        return AskDoors.Door(writes: writes, reads: try await read(v1MayHold: v1MayHold, v1IsThere: legacy.place == "in place", &trouble))
    }

    // MARK: - Writes

    private func write(v1MayHold: Bool, _ trouble: inout [String]) async throws -> AskDoors.Served {
        let key = "\(Self.probes)\(host.operation)-written"
        do { try await doors.writeKey(key, "probe") } catch {
            trouble.append("a key: \(error)")
            return .nobody
        }
        let lies: AskDoors.Served
        do { lies = try await self.lies(key, v1MayHold: v1MayHold) } catch {
            try await takeAway(key, v1MayHold: v1MayHold)
            throw error
        }
        try await takeAway(key, v1MayHold: v1MayHold)
        return lies
    }

    /// Where it was put: what we carried across ourselves is not meant.
    private func lies(_ key: String, v1MayHold: Bool) async throws -> AskDoors.Served {
        if try await host.sight.lookingAtPlugin({ (lane, connection) in
            guard !lane.isHTTP, try await lane.isReached(connection) else { return false }
            return try await SecondDatabase.v2(connection).query(
                "SELECT EXISTS (SELECT FROM memory_plugin.memory_records WHERE strpos(content, $1) > 0 AND NOT coalesce(propagation ? 'cutover', false)) AS direct",
                [.text(key)])[0].bool("direct")
        }) { return .v2 }
        guard v1MayHold else { return .unclear }
        return try await host.sight.looking(Self.table) { connection in
            try await connection.query("SELECT EXISTS (SELECT FROM \(Self.table.name) WHERE workspace_id = $1::uuid AND key = $2) AS there", [.text(doors.workspace), .text(key)])[0]
                .bool("there") ? .v1 : .unclear
        }
    }

    private func takeAway(_ key: String, v1MayHold: Bool) async throws {
        try? await doors.deleteKey(key)
        if v1MayHold { try await deleteInV1("key = $2", key) }
    }

    private func deleteInV1(_ condition: String, _ text: String) async throws {
        try await closing(try await host.second()) {
            _ = try await $0.query("DELETE FROM \(Self.table.name) WHERE workspace_id = $1::uuid AND \(condition)", [.text(doors.workspace), .text(text)])
        }
    }

    // MARK: - Reads

    private func read(v1MayHold: Bool, v1IsThere: Bool, _ trouble: inout [String]) async throws -> AskDoors.Served {
        let key = "\(Self.probes)\(host.operation)-planted"
        var planted: (v1: String?, v2: String?)
        var told: Result<String?, any Error>
        do {
            planted.v2 = try await plantInV2(key)
            planted.v1 = v1MayHold ? try await plantInV1(key) : nil
            do { told = .success(try await doors.readKey(key)) } catch { told = .failure(error) }
        } catch {
            try? await takePlantsAway(key, v1MayHold: v1MayHold)
            throw error
        }
        try await takePlantsAway(key, v1MayHold: v1MayHold)
        switch told {
        case .failure(let error):
            trouble.append("a key's value: \(error)")
            return .nobody
        case .success(Self.fromV1?): return .v1
        case .success(Self.fromV2?): return .v2
        case .success(_?): return .unclear
        // What v2 has and the door does not show comes from a v1 in which we plant nothing any more.
        case .success(nil): return planted.v1 == nil && planted.v2 != nil && v1IsThere ? .v1 : .nobody
        }
    }

    private func plantInV1(_ key: String) async throws -> String? {
        try await closing(try await host.second()) { connection in
            try await DoorPlants.own(
                "INSERT INTO \(Self.table.name) (workspace_id, key, value) SELECT $1::uuid, $2, to_jsonb($3::text) FROM mark",
                [.text(doors.workspace), .text(key), .text(Self.fromV1)], connection)
        }
    }

    /// As we carry keys and values ourselves: the only form in which v2 is known to hold any.
    private func plantInV2(_ key: String) async throws -> String? {
        try await host.inV2 { connection in
            guard try await connection.there("memory_plugin.memory_records") else { return nil }
            return try await DoorPlants.own(
                """
                INSERT INTO memory_plugin.memory_records (id, namespace, content, kind, source, propagation)
                SELECT gen_random_uuid(), name, jsonb_build_object($2::text, $3::text)::text, 'fact', 'runtime', jsonb_build_object('cutover', jsonb_build_object(
                    'table', '\(Self.table.rawValue)', 'key', $2::text, 'value', $3::text, 'version', 1, 'updated_micros', (extract(epoch FROM now()) * 1000000)::bigint))
                FROM mark, memory_plugin.memory_namespaces WHERE name = $1
                """, [.text("workspace:\(doors.workspace)"), .text(key), .text(Self.fromV2)], connection)
        }
    }

    private func takePlantsAway(_ key: String, v1MayHold: Bool) async throws {
        try await host.inV2 { connection in
            guard try await connection.there("memory_plugin.memory_records") else { return }
            _ = try await DoorPlants.own("DELETE FROM memory_plugin.memory_records r USING mark WHERE r.propagation->'cutover'->>'key' = $1", [.text(key)], connection)
        }
        guard v1MayHold else { return }
        try await closing(try await host.second()) {
            _ = try await DoorPlants.own("DELETE FROM \(Self.table.name) r USING mark WHERE r.workspace_id = $1::uuid AND r.key = $2", [.text(doors.workspace), .text(key)], $0)
        }
    }
}
