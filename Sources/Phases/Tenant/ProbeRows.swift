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
}
