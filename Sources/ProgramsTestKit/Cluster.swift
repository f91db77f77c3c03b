import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// A PostgreSQL server of this process's own: unix socket only, in a directory that goes away with it.
///
/// The binaries come from `$CUTOVER_PG`, else from `.build/pg/pginstall` of this repository. A watchdog stops the server within a
/// second of this process's end, however it ended.
public struct Cluster: Sendable {
    public let directory: String

    public func url(_ database: String = "postgres") -> String {
        "postgresql://postgres@/\(database)?host=\(directory)&port=5432"
    }

    public static func start() throws -> Cluster {
        let directory = "/tmp/cutover-pg-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let bin = try binaries()
        let asUser = getuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : ""
        let options = """
            -k \(directory) -c listen_addresses='' -c fsync=off -c full_page_writes=off -c max_connections=200 \
            -c shared_buffers=64MB -c max_wal_size=256MB
            """
        let script = """
            set -e
            cd /tmp; mkdir -m 700 \(directory); \(getuid() == 0 ? "chown 65534:65534 \(directory)" : "")
            export LC_ALL=C
            \(asUser)\(bin)/initdb -D \(directory)/data -U postgres -A trust -E UTF8 --no-sync >\(directory).log 2>&1
            \(asUser)\(bin)/pg_ctl -D \(directory)/data -w -s -l \(directory)/log -o "\(options)" start >>\(directory).log 2>&1
            ( while [ -e /proc/\(getpid())/exe ] && [ -d \(directory)/data ]; do sleep 0.5; done
              \(asUser)\(bin)/pg_ctl -D \(directory)/data -m immediate -s stop
              rm -rf \(directory) \(directory).log ) >/dev/null 2>&1 </dev/null &
            """
        guard try run(script) == 0 else { throw ClusterFailure(what: "no server: see \(directory).log") }
        return Cluster(directory: directory)
    }

    /// Not Foundation's Process: on Linux it waits until every descendant has closed what it inherited, the server too.
    public static func run(_ script: String) throws -> Int32 {
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

    public static func binaries() throws -> String {
        let here = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        let repository = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let places: [String?] = [
            ProcessInfo.processInfo.environment["CUTOVER_PG"], repository.appendingPathComponent(".build/pg/pginstall").path,
        ]
        for case let place? in places where FileManager.default.isExecutableFile(atPath: place + "/bin/initdb") {
            return place + "/bin"
        }
        throw ClusterFailure(what: "no PostgreSQL: set CUTOVER_PG to an installation that has bin/initdb")
    }
}

public struct ClusterFailure: Error, CustomStringConvertible {
    let what: String
    public init(what: String) { self.what = what }
    public var description: String { what }
}
