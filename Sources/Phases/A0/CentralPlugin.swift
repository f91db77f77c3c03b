import Cutover
import Foundation
import Host

/// A plugin that others run for many tenants, by its URL: it is taken into use and left, never started or stopped. Its tables hold what is
/// other tenants', so nothing of it is reached but by HTTP.
struct CentralPlugin: Sendable {
    let sidecar: Sidecar

    static func url(_ setting: String, _ host: HostSight) throws -> String {
        let url = try host.env().resolve(setting)
        return url.hasSuffix("/") ? String(url.dropLast()) : url
    }

    /// Answers 0, for no process here is the plugin's.
    func awaitHealth(_ host: HostSight) async throws -> Int32 {
        let client = try sidecar.client(host)
        let deadline = Date().addingTimeInterval(Double(sidecar.healthSeconds))
        var last = "no answer"
        repeat {
            do {
                let health = try await client.health()
                if health.status == "ok" { return 0 }
                last = "health is \(health.status)"
            } catch { last = "\(error)" }
            try await Task.sleep(for: .milliseconds(100))
        } while Date() < deadline
        throw StepFailure("the plugin at \(client.base) is not healthy: \(last)", effect: .nothingChanged, next: "cutoverctl why \(host.tenant)")
    }

    func surroundings(_ host: HostSight, _ server: WorkspaceServer) async throws -> SidecarSurroundings.Result {
        let url = try sidecar.url(host)
        return SidecarSurroundings.Result(
            configuredURL: try await server.runningVariable("MEMORY_PLUGIN_URL") ?? server.env["MEMORY_PLUGIN_URL"], ownURL: url, listen: url, portTaken: false,
            sidecarRuns: SidecarUse(host: host).isNoted, databaseProblem: nil)
    }

    func state(_ host: HostSight) async throws -> SidecarState.Result {
        let client = try sidecar.client(host)
        guard SidecarUse(host: host).isNoted else {
            return SidecarState.Result(problems: ["it is not in use"], facts: ["url": client.base], nothingThere: true)
        }
        var problems: [String] = []
        var facts = ["url": client.base]
        try await SidecarState.judgeHealth(client, &problems, &facts)
        try SidecarState.judgeTrial(host, &problems)
        return SidecarState.Result(problems: problems, facts: facts, nothingThere: false)
    }
}
