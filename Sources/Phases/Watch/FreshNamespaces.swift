import Foundation
import Host
import Postgres

/// Commits into namespaces that were never used before, as the first memory of a new workspace does.
///
/// The agents' door is tried as a workspace that its owner keeps for this alone (`FRESH_WORKSPACE_ID`): its namespaces are taken away before and
/// after, so that the server meets a namespace of which there is no row each time, and never while anything of somebody else's lies in one.
struct FreshNamespaces: Sendable {
    let host: HostSight
    let client: PluginClient

    /// With and without metadata, in a namespace of our own.
    func tryPluginsDoor(_ marker: String) async throws {
        let fresh = "custom:cutover-probe-\(UUID().uuidString.lowercased())"
        try await client.putNamespace(fresh, kind: "custom")
        do {
            _ = try await client.commit(marker, in: fresh, propagation: nil)
            _ = try await client.commit(marker, in: fresh, propagation: ["probe": "soak"])
            guard try await client.search(marker, in: fresh).count == 2 else { throw Sampler.SafetyBroken(what: "commits into a fresh namespace were not found") }
        } catch {
            try? await client.deleteNamespace(fresh)
            throw error
        }
        try await client.deleteNamespace(fresh)
    }

    /// By each scope that leads into a namespace of that workspace's own; with and without metadata in what the server then made.
    func tryAgentsDoor(_ marker: String) async throws {
        let doors: AgentDoors
        do { doors = try AgentDoors(try host.env(), as: .fresh) } catch {
            throw PluginClient.Failure(description: "no workspace is kept for commits into fresh namespaces: name one that nobody uses in the host's env file (\(AgentDoors.Agent.fresh.id), \(AgentDoors.Agent.fresh.token))")
        }
        for (scope, namespace) in try await ownNamespaces(doors.workspace) {
            try await takeAway(namespace)
            do { try await tryIt(marker, scope, namespace, doors) } catch {
                try? await takeAway(namespace)
                throw error is Sampler.SafetyBroken ? error : PluginClient.Failure(description: "a commit into a fresh namespace (\(scope)): \(error)")
            }
            try await takeAway(namespace)
        }
    }

    // MARK: - Non public

    private func tryIt(_ marker: String, _ scope: String, _ namespace: String, _ doors: AgentDoors) async throws {
        let committed = try await doors.commit(marker, scope: scope)
        let beside = [try await client.commit(marker, in: namespace, propagation: nil), try await client.commit(marker, in: namespace, propagation: ["probe": "soak"])]
        let recalled = try await doors.recall(marker, scope: scope)
        guard ([committed] + beside).allSatisfy(recalled.contains) else {
            throw Sampler.SafetyBroken(what: "a memory committed into a fresh namespace was not recalled through the agents' door (\(scope))")
        }
    }

    /// The workspace's own, and where it is a root that nobody stands under, that of its team, which is itself.
    private func ownNamespaces(_ workspace: String) async throws -> [(scope: String, namespace: String)] {
        let isAlone = try await host.looking { connection in
            let found = try await connection.query(
                """
                SELECT parent_id IS NULL AND NOT EXISTS (SELECT FROM public.workspaces c WHERE c.parent_id = w.id) AS alone,
                    EXISTS (SELECT FROM cutover.placed p WHERE p.state = 'live' AND p.namespace IN ('workspace:' || w.id, 'team:' || w.id)) AS used
                FROM public.workspaces w WHERE id = $1::uuid
                """, [.text(workspace)])
            guard let found = found.first else { throw PluginClient.Failure(description: "there is no workspace \(workspace) (\(AgentDoors.Agent.fresh.id))") }
            // Memories were carried there: whoever wrote them may write at any moment, also between a look and what follows it.
            guard try !found.bool("used") else { throw Self.inUse("workspace \(workspace)") }
            return try found.bool("alone")
        }
        return [("LOCAL", "workspace:\(workspace)")] + (isAlone ? [("TEAM", "team:\(workspace)")] : [])
    }

    /// With the probes in it; what is somebody else's is left alone, with its namespace.
    private func takeAway(_ namespace: String) async throws {
        let there = try await client.newest(in: namespace)
        guard there.allSatisfy({ $0.content.hasPrefix("cutover-probe") }) else {
            throw Self.inUse(namespace)
        }
        for probe in there { try await client.forget(probe.id, in: namespace) }
        try await client.deleteNamespace(namespace)
    }

    private static func inUse(_ what: String) -> PluginClient.Failure {
        PluginClient.Failure(description: "somebody uses \(what): name another workspace, one that nobody uses, in the host's env file (\(AgentDoors.Agent.fresh.id))")
    }
}
