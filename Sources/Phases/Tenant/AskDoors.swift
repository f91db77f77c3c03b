public import Cutover
import Foundation
public import Host
import Postgres

/// Which store serves each door of the tenant at this moment, told by the doors themselves.
///
/// Who takes a write is told by a probe memory that is committed through the agents' door and found where it lies. Who answers a read is told
/// by two probes that we plant, one in each store, as writes of our own, which are not carried across: a door shows the one whose store it
/// reads. All are taken away again. Once v1 is frozen nothing of ours looks into it any more: its counters are evidence.
public struct AskDoors: TriesOnHost {
    public static let kind: OperationKind = "doors.ask"

    public enum Served: String, Sendable, Codable {
        case v1, v2
        /// It answers, and it can't be told from where.
        case unclear
        /// It refuses, or does not answer.
        case nobody
        /// The server has no such door.
        case closed
    }

    public struct Result: Sendable, Codable, Equatable {
        /// The agents' tools: commit and recall.
        public let agentWrites: Served
        public let agentReads: Served
        /// The old HTTP route, `memories`.
        public let oldWrites: Served
        public let oldReads: Served
        /// The panel's route, `v2/memories`.
        public let panel: Served
        public let search: Served
        /// What a door said when it refused; empty when none did.
        public let trouble: String
        /// The door for keys and values; nil where it was not asked about.
        public var keyValues: Door?

        public init(
            agentWrites: Served, agentReads: Served, oldWrites: Served, oldReads: Served, panel: Served, search: Served, trouble: String, keyValues: Door? = nil
        ) {
            self.agentWrites = agentWrites
            self.agentReads = agentReads
            self.oldWrites = oldWrites
            self.oldReads = oldReads
            self.panel = panel
            self.search = search
            self.trouble = trouble
            self.keyValues = keyValues
        }
    }

    public struct Door: Sendable, Codable, Equatable {
        public let writes: Served
        public let reads: Served
        public init(writes: Served, reads: Served) {
            self.writes = writes
            self.reads = reads
        }
    }

    private static let probes = "cutover-probe doors "

    /// Nil from an older program, which knew of memories alone.
    private let keyValuesToo: Bool?

    /// - Parameter tables: those that the plan moves. The doors of memories are asked in any case.
    public init(tables: [LegacyTable] = [.memories]) { keyValuesToo = tables.contains(.keyValues) }

    public func attempt(_ host: HostHand) async throws -> Result {
        let doors = try AgentDoors(try host.sight.env())
        guard await doors.isHealthy() else {
            return Result(
                agentWrites: .nobody, agentReads: .nobody, oldWrites: .nobody, oldReads: .nobody, panel: .nobody, search: .nobody,
                trouble: "the server's health does not answer", keyValues: keyValuesToo == true ? Door(writes: .nobody, reads: .nobody) : nil)
        }
        let legacy = try await LegacyState(table: .memories).read(host.sight)
        let v1MayHold = legacy.place == "in place" && !legacy.frozenTrigger
        // Commits of an earlier question that were given up, and came all the same.
        try await host.takeLateProbesAway(Self.probes, doors)
        let old = await Self.oldRoute(doors)
        var trouble: [String] = []
        let writes = try await Self.write(doors, v1MayHold: v1MayHold, host, &trouble)
        let plants = try await DoorPlants.plant(Self.probes + "\(host.operation) planted", in: doors.workspace, v1MayHold: v1MayHold, host)
        let reads = await Self.read(doors, plants, v1IsThere: legacy.place == "in place", &trouble)
        try await plants.takeAway(host)
        let keyValues = keyValuesToo == true ? try await AskKeyDoor(doors: doors, host: host).ask(&trouble) : nil
        try await ExerciseTrace.record("doors", green: true, ["agentWrites": writes.rawValue, "agentReads": reads.recall.rawValue], by: host)
        return Result(
            agentWrites: writes, agentReads: reads.recall, oldWrites: old == .v1 && !v1MayHold ? .nobody : old, oldReads: old, panel: reads.panel, search: reads.search,
            trouble: trouble.joined(separator: "; "), keyValues: keyValues)
    }

    /// Where a commit through the agents' door lies.
    private static func write(_ doors: AgentDoors, v1MayHold: Bool, _ host: HostHand, _ trouble: inout [String]) async throws -> Served {
        let content = probes + "\(host.operation) committed"
        let id: String
        do { id = try await doors.commit(content) } catch {
            trouble.append("a commit: \(error)")
            return .nobody
        }
        do {
            let lies = try await lies(id, content, in: doors.workspace, v1MayHold: v1MayHold, host.sight)
            if lies == .v2 { try await doors.forget(id) } else { await host.takeProbeAway(id, doors) }
            return lies
        } catch {
            await host.takeProbeAway(id, doors)
            throw error
        }
    }

    private static func read(
        _ doors: AgentDoors, _ plants: DoorPlants, v1IsThere: Bool, _ trouble: inout [String]
    ) async -> (recall: Served, panel: Served, search: Served) {
        func served(_ door: String, _ ask: () async throws -> String) async -> Served {
            do { return plants.served(try await ask(), v1IsThere: v1IsThere) } catch {
                trouble.append("\(door): \(error)")
                return .nobody
            }
        }
        return (
            await served("a recall") { try await doors.recall(plants.content) }, await served("the panel") { try await doors.panel() },
            await served("session-search") { try await doors.sessionSearch(plants.content) }
        )
    }

    private static func oldRoute(_ doors: AgentDoors) async -> Served {
        switch try? await doors.oldRouteStatus() {
        case 200: .v1
        case 404: .closed
        default: .nobody
        }
    }

    /// Where it was put: what we carried across ourselves is not meant.
    private static func lies(_ id: String, _ content: String, in workspace: String, v1MayHold: Bool, _ host: HostSight) async throws -> Served {
        try await host.lookingAtPlugin { (lane, connection) in
            if try await lane.isReached(connection), try await lane.liesInV2(id, content, namespace: "workspace:\(workspace)", connection) { return .v2 }
            guard v1MayHold else { return .unclear }
            return try await connection.query("SELECT EXISTS (SELECT FROM public.agent_memories WHERE id = $1::uuid) AS there", [.text(id)])[0].bool("there") ? .v1 : .unclear
        }
    }
}
