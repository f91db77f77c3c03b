import Foundation

extension Stage {
    /// Ends the lab's PostgreSQL: SIGINT as an operator does, SIGQUIT at once, SIGKILL with all its processes as when the power fails.
    func stopPostgres(_ signal: Int32) async throws {
        let folder = try database().texts("SHOW data_directory")[0]
        guard let text = FileManager.default.contents(atPath: "\(folder)/postmaster.pid"), let pid = Int32(String(decoding: text, as: UTF8.self).split(separator: "\n").first ?? "") else {
            throw Trouble("no postmaster.pid in \(folder)")
        }
        let children = Leftovers.read(pid, "task/\(pid)/children").split(separator: " ").compactMap { Int32($0) }
        for one in [pid] + (signal == SIGKILL ? children : []) { kill(one, signal) }
        _ = try await eventually("PostgreSQL ends", within: 30) { ([pid] + children).contains(where: Leftovers.isAlive) ? nil : true }
        // Where nobody reaps orphans the number in it still looks taken.
        guard signal == SIGKILL else { return }
        try? FileManager.default.removeItem(atPath: "\(folder)/postmaster.pid")
        for name in FileManager.default.enumerator(atPath: root)?.allObjects as? [String] ?? [] where name.contains(".s.PGSQL.") {
            try? FileManager.default.removeItem(atPath: "\(root)/\(name)")
        }
    }

    /// It is gone for a moment and comes back; servers and agents stay as they are.
    func restartPostgres() async throws {
        try await stopPostgres([SIGINT, SIGQUIT, SIGKILL][chance.number(in: 0...2)])
        try await Task.sleep(for: .milliseconds(chance.number(in: 0...400)))
        try await lab("up", "--root", root, "--no-agents")
    }
}
