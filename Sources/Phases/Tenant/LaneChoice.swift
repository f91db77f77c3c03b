import Cutover
import DataPath
import Host

/// What the plan says about how v2 is reached.
struct LaneChoice: Sendable, Codable, Equatable {
    /// What can't be had over HTTP, and is only gone without when the plan accepts it by name.
    enum Accepted: String, Sendable, CaseIterable {
        case noWayBack = "no-way-back-over-http"
        case unprovenRows = "unproven-rows-over-http"
    }

    var lane = Lane.sql
    var connections = 48
    var timeoutSeconds = 5
    var lateSeconds = 10
    var accepts: [String] = []

    func settings(_ table: LegacyTable) -> DataPathSettings {
        var settings = table.dataPath
        settings.lane = lane
        return settings
    }
    func accepts(_ what: Accepted) -> Bool { accepts.contains(what.rawValue) }

    func recorded(_ sidecar: Sidecar, _ host: HostSight) throws -> LaneSettings {
        LaneSettings(
            lane: lane, plugin: lane == .http ? try sidecar.url(host) : "", most: connections, timeoutSeconds: Double(timeoutSeconds), lateSeconds: Double(lateSeconds))
    }

    /// Shut until somebody has written into the plan that he knows.
    var wayBack: Gate {
        let name = Accepted.noWayBack.rawValue
        return Gate("the plan accepts by name what can't be brought back over HTTP", clearedBy: .person("add accepts: [\(name)] under backfill.copy and adopt the plan")) { _ in
            accepts(.noWayBack)
                ? .open(Evidence(["accepted": name]))
                : .shut("over HTTP what agents write, edit or forget in the plugin never comes back to v1; the plan does not accept \(name)")
        }
    }

    /// What two databases leave open that one would not, for people to read beforehand.
    static let notBetweenTwo = [
        "two databases: no transaction spans both; a change is committed in the plugin's first, and where the tenant's commit is lost then, the next look makes up for it from a receipt that was committed with the change",
        "two databases: when one of them is put back to an earlier state, or loses commits it had confirmed (a failover to a standby that lagged), what agents had written there is gone while the other keeps our copy of it; our own shipments missing stops everything, agents' writes missing is seen by parity alone",
        "two databases: the stop of env.wire and fallback.remove, the freeze, and each comparison bring all of v2 into the tenant's database for the moment, so they take longer with every row",
    ]

    /// What two stores without a common transaction leave open, for people to read beforehand.
    static let notOverHTTP = [
        "over HTTP: what agents write, edit or forget in the plugin itself is not seen and never comes back to v1",
        "over HTTP: an edit in the plugin between our reading of a record and our writing it is overwritten; such writes without a reading are counted",
        "over HTTP: records bear the time of their arrival; v1's times lie in propagation.cutover, and the order in each namespace is kept",
        "over HTTP: a row in a namespace of more than 100 that no search shows is listed as not-read-back, never counted as placed",
        "over HTTP: a request that is given up may land within the late window; nothing is believed of its row before that is over",
    ]
}
