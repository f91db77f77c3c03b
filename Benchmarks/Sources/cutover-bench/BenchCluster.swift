import Foundation

/// A PostgreSQL server of this process's own, durable as in production: a commit is on the disk when it returns.
///
/// The binaries come from `$CUTOVER_PG`, else from `.build/pg/pginstall`. A watchdog stops the server within a second of this
/// process's end, however it ended, and its directory goes with it.
struct BenchCluster: Sendable {
    let directory: String

    func url(_ database: String = "postgres") -> String {
        "postgresql://postgres@/\(database)?host=\(directory)&port=5432"
    }

    /// Autovacuum is off: it would fall on either side by chance. What it does, the benches ask for between runs.
    private static let options = """
        -c listen_addresses='' -c fsync=on -c synchronous_commit=on -c full_page_writes=on -c max_connections=100 \
        -c shared_buffers=512MB -c max_wal_size=8GB -c checkpoint_timeout=1h -c autovacuum=off -c timezone=UTC
        """

    static func start() throws -> BenchCluster {
        let directory = "/tmp/cutover-bench-\(getpid())"
        let bin = try binaries()
        let asUser = getuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : ""
        let script = """
            set -e
            cd /tmp; mkdir -m 700 \(directory); \(getuid() == 0 ? "chown 65534:65534 \(directory)" : "")
            export LC_ALL=C
            \(asUser)\(bin)/initdb -D \(directory)/data -U postgres -A trust -E UTF8 >\(directory).log 2>&1
            \(asUser)\(bin)/pg_ctl -D \(directory)/data -w -s -l \(directory)/log -o "-k \(directory) \(options)" start >>\(directory).log 2>&1
            ( while [ -e /proc/\(getpid())/exe ] && [ -d \(directory)/data ]; do sleep 0.5; done
              \(asUser)\(bin)/pg_ctl -D \(directory)/data -m immediate -s stop
              rm -rf \(directory) \(directory).log ) >/dev/null 2>&1 </dev/null &
            """
        guard try Child.run(["/bin/sh", "-c", script]).status == 0 else { throw Trouble("no server: see \(directory).log") }
        return BenchCluster(directory: directory)
    }

    private static func binaries() throws -> String {
        let here = FileManager.default.currentDirectoryPath
        let places = [ProcessInfo.processInfo.environment["CUTOVER_PG"], "\(here)/.build/pg/pginstall"]
        for case let place? in places where FileManager.default.isExecutableFile(atPath: place + "/bin/initdb") {
            return place + "/bin"
        }
        throw Trouble("no PostgreSQL: run `make bench` in the repository, or set CUTOVER_PG to a folder with bin/initdb")
    }
}

struct Trouble: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
