import Postgres

/// A session that is opened anew after the server was lost.
actor Session {
    private let url: String
    private let name: String
    private let first: String
    private var open: PostgresConnection?

    /// - Parameter first: what each new connection is told before anything else.
    init(_ url: String, _ name: String, first: String = "") {
        self.url = url
        self.name = name
        self.first = first
    }

    /// Waits for a server that comes back, at most half a minute.
    func connection() async throws -> PostgresConnection {
        if let open { return open }
        for attempt in 1... {
            do {
                let connection = try await PostgresConnection.connect(url, applicationName: name)
                if !first.isEmpty { try await connection.execute(first) }
                open = connection
                return connection
            } catch {
                guard attempt < 300, error.meansServerLost else { throw error }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        throw ClusterFailure(what: "the server does not come back")
    }

    /// After an error: rolls back what is open, or lets the connection go when there is none any more.
    func recover(from error: PostgresError) async {
        guard let open else { return }
        if !error.meansServerLost, (try? await open.execute("ROLLBACK")) != nil { return }
        await open.close()
        self.open = nil
    }

    func close() async {
        await open?.close()
        open = nil
    }
}

extension PostgresError {
    /// The connection or the whole server went away.
    var meansServerLost: Bool { connectionLost || kind == .notConnected || sqlState.hasPrefix("57P") }
}
