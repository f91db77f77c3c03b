import DataPath
import Foundation
import Host
import Postgres

/// Two memories of the same text, one in each store, by which a door betrays which of them it reads.
///
/// They are written, and taken away, as writes of our own: capture passes them over, so neither crosses, and no account of what agents did has them.
struct DoorPlants: Sendable {
    let content: String
    /// Nil where the store can't take one: v1 frozen or away, v2 not begun.
    private var v1: String?
    private var v2: String?
    /// Over HTTP, where nothing is carried back: the plugin, and the namespace to forget it from.
    private var plugin: (client: PluginClient, namespace: String)?

    private init(_ content: String) { self.content = content }

    static func plant(_ content: String, in workspace: String, v1MayHold: Bool, _ host: HostHand) async throws -> DoorPlants {
        var plants = DoorPlants(content)
        do {
            let namespace = "workspace:\(workspace)"
            let lane = try await host.sight.lookingAtPlugin { (lane, _) in lane }
            if lane.isHTTP {
                let client = PluginClient(base: lane.recorded.plugin)
                // A namespace that the plugin does not know yet has nobody who reads it.
                plants.v2 = try? await client.commit(content, in: namespace, propagation: ["probe": "doors"])
                plants.plugin = (client, namespace)
            } else {
                plants.v2 = try await host.inV2 { connection in
                    guard try await connection.there("memory_plugin.memory_records") else { return nil }
                    return try await own(
                        """
                        INSERT INTO memory_plugin.memory_records (id, namespace, content, kind, source, propagation)
                        SELECT gen_random_uuid(), name, $2, 'fact', 'runtime', '{"probe": "doors"}' FROM mark, memory_plugin.memory_namespaces WHERE name = $1
                        """, [.text(namespace), .text(content)], connection)
                }
            }
            if v1MayHold {
                plants.v1 = try await closing(try await host.second()) { connection in
                    try await own(
                        "INSERT INTO public.agent_memories (id, workspace_id, content, scope) SELECT gen_random_uuid(), $1::uuid, $2, 'LOCAL' FROM mark",
                        [.text(workspace), .text(content)], connection)
                }
            }
            return plants
        } catch {
            try? await plants.takeAway(host)
            throw error
        }
    }

    /// What stands behind a door that gave this answer.
    func served(_ answer: String, v1IsThere: Bool) -> AskDoors.Served {
        switch (v1.map(answer.contains) ?? false, v2.map(answer.contains) ?? false) {
        case (true, true): .unclear
        case (true, false): .v1
        case (false, true): .v2
        // What v2 has and the door does not show comes from a v1 in which we plant nothing any more.
        case (false, false): v1 == nil && v2 != nil && v1IsThere ? .v1 : .nobody
        }
    }

    func takeAway(_ host: HostHand) async throws {
        if let v2 {
            if let plugin {
                try await plugin.client.forget(v2, in: plugin.namespace)
            } else {
                try await host.inV2 { _ = try await Self.own("DELETE FROM memory_plugin.memory_records r USING mark WHERE r.id = $1::uuid", [.text(v2)], $0) }
            }
        }
        if let v1 {
            try await closing(try await host.second()) { _ = try await Self.own("DELETE FROM public.agent_memories r USING mark WHERE r.id = $1::uuid", [.text(v1)], $0) }
        }
    }

    /// The id of the row that the statement wrote, under our marks, for each old table is captured by its own; nil when it wrote none.
    static func own(_ statement: String, _ values: [PostgresValue], _ connection: PostgresConnection) async throws -> String? {
        let marks = LegacyTable.allCases.map { "set_config('\($0.schema).own', pg_current_xact_id()::text, true) AS \($0.schema)" }.joined(separator: ", ")
        return try await connection.query("WITH mark AS MATERIALIZED (SELECT \(marks)) \(statement) RETURNING id::text AS id", values).first?.string("id")
    }
}
