import Cutover
import DataPath
import Host
import Postgres

extension HostHand {
    /// Takes a probe away after a trial that failed: through the agents' door, and from whichever table it lies in all the same,
    /// for a door that fell back when it committed may not reach it when it forgets.
    func takeProbeAway(_ id: String, _ doors: AgentDoors) async {
        try? await doors.forget(id)
        let v2 = (try? await sight.lookingAtPlugin { (lane, _) in lane.recorded.lane }) == .separate ? try? await sight.pluginDatabase("cutover-writing") : nil
        _ = try? await v2?.query("DELETE FROM memory_plugin.memory_records WHERE id = $1::uuid AND content LIKE 'cutover-probe%'", [.text(id)])
        await v2?.close()
        try? await writing { connection in
            for table in ["public.agent_memories", "memory_plugin.memory_records"] where try await connection.there(table) {
                // A frozen table refuses, and holds no probe.
                _ = try? await connection.query("DELETE FROM \(table) WHERE id = $1::uuid AND content LIKE 'cutover-probe%'", [.text(id)])
            }
        }
    }

    /// Takes away what a trial that was cut short left of its probes: every memory of the probe's workspace whose text begins so.
    func takeLateProbesAway(_ beginning: String, _ doors: AgentDoors) async throws {
        let legacy = try await LegacyState(table: .memories).read(sight)
        let namespace = "workspace:\(doors.workspace)"
        let late = try await sight.lookingAtPlugin { (lane, connection) in
            try await lane.isReached(connection) ? lane.probes(beginning, namespace: namespace, connection) : []
        }
        var trouble: (any Error)?
        for id in late { do { try await doors.forget(id) } catch { trouble = error } }
        if legacy.place == "in place", !legacy.frozenTrigger {
            try await writing { _ = try await $0.query("DELETE FROM public.agent_memories WHERE workspace_id = $1::uuid AND starts_with(content, $2)", [.text(doors.workspace), .text(beginning)]) }
        }
        if let trouble { throw trouble }
    }

    /// The content by which a probe memory is known everywhere, chosen from the journalled operation; nothing is left of those of the same trial's earlier tries.
    func freshProbe(_ trial: String, _ doors: AgentDoors) async throws -> String {
        let beginning = "cutover-probe \(trial) "
        try await takeLateProbesAway(beginning, doors)
        return beginning + operation.text
    }
}
