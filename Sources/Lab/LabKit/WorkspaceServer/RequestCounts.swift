import Synchronization

/// How many requests each door answered, by status. It cannot tell which store served them: nothing visible tells.
final class RequestCounts: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    func count(door: String, method: String, status: Int) {
        let labels = "door=\"\(door)\",method=\"\(method)\",status=\"\(status)\""
        counts.withLock { $0[labels, default: 0] += 1 }
    }

    /// Prometheus text.
    var text: String {
        let lines = counts.withLock { $0 }.sorted { $0.key < $1.key }.map { "workspace_server_requests_total{\($0.key)} \($0.value)\n" }
        return """
            # HELP workspace_server_requests_total Requests answered.
            # TYPE workspace_server_requests_total counter

            """ + lines.joined()
    }
}
