import DataPath
import Foundation
import Postgres
import ProgramsTestKit
import Testing

@Suite("A database that is restarted") struct RestartTests {
    @Test("loses neither capture nor seal, and the watch finds its way back to it by itself", .timeLimit(.minutes(10)))
    func restart() async throws {
        let cluster = try Cluster.start()
        defer { cluster.end() }
        let url = try await cluster.makeStores("restarted")
        var ours = try await PostgresConnection.connect(url, applicationName: "cutover-test")
        try await ours.execute("INSERT INTO workspaces (id, name, parent_id, created_at) VALUES ('\(Stage.root)', 'root', NULL, '2024-01-01')")
        try await Capture().install(ours)
        try await Control.set(.sync, fence: 0, ours)
        let watch = try Watch(url: url, beside: cluster.directory)
        defer { watch.end() }
        func add(_ id: UUID) async throws {
            try await ours.query("INSERT INTO agent_memories (id, workspace_id, content, scope) VALUES ($1, '\(Stage.root)', 'x', 'LOCAL')", [.uuid(id)])
        }
        for _ in 0..<2 {
            let id = UUID()
            try await add(id)
            try await until("EXISTS (SELECT FROM memory_plugin.memory_records WHERE id = '\(id)')", ours)
            try cluster.restart()
            await ours.close()
            ours = try await PostgresConnection.connect(url, applicationName: "cutover-test")
        }
        let last = UUID()
        try await add(last)
        try await until("EXISTS (SELECT FROM memory_plugin.memory_records WHERE id = '\(last)')", ours)
        #expect(try await Capture().status(ours).inPlace)
        let sealed = try #require(try await CaptureSeal.remembered(ours))
        #expect(try await CaptureSeal.read(ours).broken(since: sealed) == [])
    }
}

/// The built program as a tenant's watch, on a folder of its own.
struct Watch {
    let pid: pid_t

    init(url: String, beside directory: String) throws {
        let program = URL(fileURLWithPath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "").deletingLastPathComponent().path + "/cutoverctl"
        let state = "\(directory)/state"
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        // What installing the capture by a plan's step leaves there.
        try "\n".write(toFile: "\(state)/mirror.agent_memories", atomically: true, encoding: .utf8)
        try "DATABASE_URL=\(url)\n".write(toFile: "\(state)/env", atomically: true, encoding: .utf8)
        var pid = pid_t()
        let words = [program, "host", "watch", "--state", state, "--env", "\(state)/env", "--tenant", "acme"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { (text: String) in strdup(text) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = [strdup("CUTOVER_SUPERVISED=1"), strdup("PATH=/usr/bin:/bin"), nil]
        defer { (arguments + environment).forEach { free($0) } }
        guard posix_spawn(&pid, program, nil, nil, &arguments, &environment) == 0 else { throw ClusterFailure(what: "\(program) is not built: swift build --product cutoverctl") }
        self.pid = pid
    }

    func end() {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }
}
