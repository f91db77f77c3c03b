import Foundation

/// Takes a lab down: everything that belongs to it stops, everything it keeps stays.
public struct LabFelling {
    private let layout: LabLayout
    private let say: (String) -> Void

    public init(root: String, say: @escaping (String) -> Void) {
        layout = LabLayout(root: root)
        self.say = say
    }

    /// - Parameter wipe: also removes what it keeps.
    public func fell(wipe: Bool) throws {
        guard let record = try LabRecord.load(layout) else {
            if wipe { try remove() }
            say("there is no lab in \(layout.root)")
            return
        }
        let belongings = Belongings(layout: layout, postgresPorts: [record.postgresPort, record.pluginPostgresPort].compactMap { $0 })
        // Agents first, so that no act of theirs meets a server on its way out; the watches next, lest they start things again.
        for kind in Belongings.Kind.allCases {
            for process in belongings.processes(kind) {
                process.stop(patienceSeconds: kind == .agents ? 15 : 6)
                say("stopped     \(kind.rawValue) (\(process.pid))")
            }
        }
        for folder in [record.postgresFolder, record.pluginPostgresFolder].compactMap({ $0 }) { try stopPostgres(folder) }
        if wipe {
            try remove()
            say("removed     \(layout.root)")
        }
    }

    // MARK: - Non public

    /// By signal, not through pg_ctl: a lab must go down even where its PostgreSQL's programs can no longer be found.
    private func stopPostgres(_ folder: String) throws {
        let data = ClusterData(folder: folder)
        guard let postmaster = data.postmaster else { return }
        // SIGINT is PostgreSQL's fast shutdown: sessions end, nothing is lost.
        kill(postmaster.pid, SIGINT)
        let patience = Date.now.addingTimeInterval(60)
        while postmaster.isAlive {
            guard Date.now < patience else { throw Spawn.Failed(description: "postgres (\(postmaster.pid)) does not stop") }
            usleep(20_000)
        }
        say("stopped     postgres")
    }

    private func remove() throws {
        for path in [layout.root, layout.refuge] where FileManager.default.fileExists(atPath: path) {
            try FileManager.default.removeItem(atPath: path)
        }
    }
}
