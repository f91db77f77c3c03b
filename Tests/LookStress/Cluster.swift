import Foundation
import Postgres

/// A PostgreSQL server of this process's own: unix socket only, in a directory that goes away with it.
///
/// The binaries come from `.build/pg` of this repository, those of 16 from `$CUTOVER_PG` where that is set. A watchdog stops the server within a
/// second of this process's end, however it ended.
struct Cluster: Sendable {
    let directory: String
    private let bin: String
    private let startScript: String

    func url(_ database: String = "postgres") -> String {
        "postgresql://postgres@/\(database)?host=\(directory)&port=5432"
    }

    static func start(version: Int) throws -> Cluster {
        let directory = "/tmp/cutover-pg-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let bin = try binaries(version)
        let asUser = getuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : ""
        let options = """
            -k \(directory) -c listen_addresses='' -c fsync=off -c full_page_writes=off -c max_connections=60 \
            -c shared_buffers=64MB -c max_wal_size=256MB
            """
        let start = "\(asUser)\(bin)/pg_ctl -D \(directory)/data -w -s -l \(directory)/log -o \"\(options)\" start >>\(directory).log 2>&1"
        let script = """
            set -e
            cd /tmp; mkdir -m 700 \(directory); \(getuid() == 0 ? "chown 65534:65534 \(directory)" : "")
            export LC_ALL=C
            \(asUser)\(bin)/initdb -D \(directory)/data -U postgres -A trust -E UTF8 --no-sync >\(directory).log 2>&1
            \(start)
            ( while [ -e /proc/\(getpid())/exe ] && [ -d \(directory)/data ]; do sleep 0.5; done
              \(asUser)\(bin)/pg_ctl -D \(directory)/data -m immediate -s stop || true
              rm -rf \(directory) \(directory).log ) >/dev/null 2>&1 </dev/null &
            """
        guard try run(script) == 0 else { throw ClusterFailure(what: "no server: see \(directory).log") }
        return Cluster(directory: directory, bin: asUser + bin, startScript: start)
    }

    /// The whole server dies at once, as when the power fails, and comes back. What was committed without waiting for the disk may be gone.
    ///
    /// - Parameter killed: every process by SIGKILL; otherwise an immediate shutdown.
    func failPower(killed: Bool) async throws {
        let die =
            killed
            ? """
            main=$(head -n 1 \(directory)/data/postmaster.pid); all="$main $(cat /proc/$main/task/$main/children)"
            kill -9 $all
            for one in $all; do while grep -qs '^State:[[:space:]]*[^ZX[:space:]]' /proc/$one/status; do sleep 0.01; done; done
            # Where nobody reaps orphans their numbers still look taken.
            rm -f \(directory)/data/postmaster.pid \(directory)/.s.PGSQL.*
            """
            : "\(bin)/pg_ctl -D \(directory)/data -m immediate -w -s stop"
        let script = "cd /tmp; export LC_ALL=C\n\(die)\n\(startScript)"
        // A thread of its own: waiting would hold up a third of the agents.
        let ended = try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try Self.run(script) }) }
        }
        guard ended == 0 else { throw ClusterFailure(what: "the server does not start again: see \(directory).log") }
    }

    /// A new database with both stores' tables and nothing in them.
    func makeStores(_ database: String) async throws -> String {
        let connection = try await PostgresConnection.connect(url())
        try await connection.execute("DROP DATABASE IF EXISTS \(database) WITH (FORCE)")
        try await connection.execute("CREATE DATABASE \(database)")
        await connection.close()
        let stores = try await PostgresConnection.connect(url(database))
        try await stores.execute(StoreTables.create)
        await stores.close()
        return url(database)
    }

    /// Drops the database with whoever is still connected to it.
    func drop(_ database: String) async throws {
        let connection = try await PostgresConnection.connect(url())
        try await connection.execute("DROP DATABASE IF EXISTS \(database) WITH (FORCE)")
        await connection.close()
    }

    /// Not Foundation's Process: on Linux it waits until every descendant has closed what it inherited, the server too.
    private static func run(_ script: String) throws -> Int32 {
        var child = pid_t()
        var arguments: [UnsafeMutablePointer<CChar>?] = ["/bin/sh", "-c", script].map { (text: String) in strdup(text) } + [nil]
        defer { arguments.forEach { free($0) } }
        guard posix_spawn(&child, "/bin/sh", nil, nil, &arguments, environ) == 0 else {
            throw ClusterFailure(what: "cannot start /bin/sh")
        }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return status
    }

    private static func binaries(_ version: Int) throws -> String {
        let here = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        let repository = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let places: [String?] = [
            version == 16 ? ProcessInfo.processInfo.environment["CUTOVER_PG"] : nil,
            repository.appendingPathComponent(".build/pg/pginstall\(version == 16 ? "" : String(version))").path,
        ]
        for case let place? in places where FileManager.default.isExecutableFile(atPath: place + "/bin/initdb") {
            return place + "/bin"
        }
        throw ClusterFailure(what: "no PostgreSQL \(version): .ci/setup installs it")
    }
}

struct ClusterFailure: Error, CustomStringConvertible {
    let what: String
    var description: String { what }
}
