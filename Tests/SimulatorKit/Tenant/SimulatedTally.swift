import Cutover
import Host

/// The token that the host's folder and the tenant's database share, kept by the same rules as the real one.
struct SimulatedTally: KeepsAccord {
    let tenant: SimulatedTenant

    /// What the state folder has.
    private struct Own: Codable, Equatable {
        let n: Int
        let token: String
        /// Written before the database is told, so that the database may have it. Empty: its row may be gone.
        var coming: String?

        func agrees(with row: Database.Tally?) -> Bool {
            guard let row else { return token.isEmpty || coming == "" }
            return row.token == token || row.token == coming
        }
    }

    func disagreement(on host: HostSight, isNew: Bool) async -> String? {
        let (row, answers) = tenant.now { ($0.database.tally, $0.answers) }
        guard answers else { return nil }
        let own: Own?
        do { own = try read(host) } catch { return "the host's own mark can't be read: \(error)" }
        if own == nil, isNew { return nil }
        if own.map({ $0.agrees(with: row) }) ?? (row == nil) { return nil }
        return "the host's ledger has mark \(own.map { "\($0.n)" } ?? "none"), and the database has \(row.map { "\($0.n)" } ?? "none"): one of them was put back to an older state"
    }

    func note(_ host: HostHand) async { try? change(host.sight, to: host.operation.text) }

    /// Between operations.
    func pulse(_ host: HostSight, token: String) { try? change(host, to: token) }

    func begin(_ host: HostHand) async throws { if try read(host.sight) == nil { try put(host.operation.text, n: 1, host.sight) } }

    func settle(_ host: HostHand) async throws -> String {
        let (own, row) = (try? read(host.sight), try row())
        try put(host.operation.text, n: max(own?.n ?? 0, row?.n ?? 0) + 1, host.sight)
        return "taken over"
    }

    func forget(_ host: HostHand) async throws {
        guard let own = try read(host.sight) else { return }
        try keep(Own(n: own.n, token: own.token, coming: ""), host.sight)
        try write(nil)
        try DurableFile.remove(path(host.sight))
    }

    private func change(_ host: HostSight, to token: String) throws {
        guard let own = try read(host), let row = try row(), own.agrees(with: row) else { return }
        try keep(Own(n: row.n, token: row.token, coming: token), host)
        try write(.init(n: row.n + 1, token: token))
        try keep(Own(n: row.n + 1, token: token), host)
    }

    private func put(_ token: String, n: Int, _ host: HostSight) throws {
        try keep(Own(n: n - 1, token: try row()?.token ?? "", coming: token), host)
        try write(.init(n: n, token: token))
        try keep(Own(n: n, token: token), host)
    }

    private func row() throws -> Database.Tally? {
        try tenant.now { model in
            guard model.answers else { throw Refused.noAnswer(of: model.id) }
            return model.database.tally
        }
    }

    private func write(_ row: Database.Tally?) throws {
        try tenant.now { model in
            guard model.answers else { throw Refused.noAnswer(of: model.id) }
            model.database.tally = row
        }
    }

    private func path(_ host: HostSight) -> String { "\(host.statePath)/tally.json" }
    private func read(_ host: HostSight) throws -> Own? { try DurableFile.read(path(host)).map { try CanonicalJSON.value(Own.self, from: $0) } }
    private func keep(_ own: Own, _ host: HostSight) throws { try DurableFile.write(try CanonicalJSON.text(own), to: path(host)) }
}
