import Foundation

/// What a test does to a server of its own.
extension Cluster {
    public var standbyURL: String { "postgresql://postgres@/postgres?host=\(directory)&port=5433" }

    /// Stops the server as the kernel would in a power cut, and starts it again.
    public func restart() throws { try call("pg_ctl -D \(directory)/data -w -s -l \(directory)/log -m immediate restart") }

    /// Keeps the server's files as they are now, for `putCopyBack`.
    public func keepCopy() throws {
        try call("pg_ctl -D \(directory)/data -w -s -m fast stop && cp -a \(directory)/data \(directory)/copy")
        try startAgain()
    }

    /// As after a restore from a backup: what was committed since is gone.
    public func putCopyBack() throws {
        try call("pg_ctl -D \(directory)/data -w -s -m fast stop && rm -rf \(directory)/data/* && cp -a \(directory)/copy/. \(directory)/data/")
        try startAgain()
    }

    private func startAgain() throws {
        try call("pg_ctl -D \(directory)/data -w -s -l \(directory)/log -o \"-k \(directory) -c listen_addresses='' -c fsync=off -c max_connections=200\" start")
    }

    /// A streaming standby of this server, which ends with the server's folder.
    public func startStandby() async throws {
        try call("pg_basebackup -h \(directory) -U postgres -D \(directory)/standby -R -c fast")
        try call("pg_ctl -D \(directory)/standby -w -s -l \(directory)/standby.log -o \"-k \(directory) -p 5433 -c listen_addresses='' -c max_connections=300 -c wal_receiver_status_interval=1\" start")
        let watchdog = "( while [ -e /proc/\(getpid())/exe ] && [ -d \(directory)/data ]; do sleep 0.5; done; \(try command("pg_ctl -D \(directory)/standby -m immediate -s stop")) ) >/dev/null 2>&1 </dev/null &"
        _ = try Self.run(watchdog)
    }

    /// The standby becomes a server of its own, as in a failover.
    public func promoteStandby() throws { try call("pg_ctl -D \(directory)/standby -w -s promote") }

    /// The server dies at once and stays away.
    public func stop() throws { try call("pg_ctl -D \(directory)/data -w -s -m immediate stop") }

    /// Stops everything and takes the folder away.
    public func end() {
        for server in ["standby", "data"] { try? call("pg_ctl -D \(directory)/\(server) -m immediate -s stop") }
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func command(_ text: String) throws -> String {
        "cd /tmp; LC_ALL=C \(getuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "")\(try Self.binaries())/\(text)"
    }

    private func call(_ text: String) throws {
        guard try Self.run("\(try command(text)) >>\(directory).log 2>&1 </dev/null") == 0 else { throw ClusterFailure(what: "\(text): see \(directory).log") }
    }
}
