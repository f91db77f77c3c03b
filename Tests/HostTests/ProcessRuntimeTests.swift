import Foundation
import Testing

@testable import Host

@Suite("long-lived processes of a host") struct ProcessRuntimeTests {
    let folder: Folder

    init() throws { folder = try Folder() }

    private func runtime(_ command: String = "/bin/sleep 300") -> ProcessRuntime { ProcessRuntime(command: command, pidFile: folder.file("pid")) }

    private func start(_ runtime: ProcessRuntime, environment: [String: String] = [:]) async throws -> Int32 {
        try await runtime.start(environment: environment, log: folder.file("log"))
        return try #require(try runtime.running())
    }

    /// A shell script that runs until it is told to end; without a child that would outlive it.
    private func script(_ lines: String...) throws -> String {
        try folder.write("#!/bin/sh\n" + lines.joined(separator: "\n") + "\n", to: "program")
        chmod(folder.file("program"), 0o755)
        return folder.file("program")
    }

    /// Fields of /proc/<pid>/stat after the command: state, parent, group, session.
    private func stat(_ pid: Int32) throws -> [String] {
        let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        return try #require(text.split(separator: ")").last).split(separator: " ").map(String.init)
    }

    @Test("a process is started in a session of its own, found by its pid file, and stopped")
    func life() async throws {
        let sleep = runtime()
        #expect(try sleep.running() == nil)
        let pid = try await start(sleep)
        #expect(try stat(pid)[3] == String(pid))
        #expect(try stat(pid)[1] != String(getpid()))
        #expect(folder.text("pid")?.trimmingCharacters(in: .newlines) == String(pid))
        #expect(try sleep.anyRunning()?.what == "/bin/sleep 300")
        #expect(try await sleep.stop(within: 10) == false)
        #expect(try sleep.running() == nil)
        #expect(try await sleep.stop(within: 10) == false)
    }

    @Test("it gets the variables it is given and nothing of the caller's, and its output goes to the log")
    func environment() async throws {
        setenv("CUTOVER_HOST_TEST", "leaked", 1)
        let program = try script("env", "echo trouble >&2", "while read line <>\(folder.file("fifo")); do :; done")
        mkfifo(folder.file("fifo"), 0o600)
        let process = runtime("/bin/sh \(program)")
        _ = try await start(process, environment: ["GREETING": "good day"])
        try await process.stop(within: 10)
        let log = try #require(folder.text("log"))
        #expect(log.contains("GREETING=good day\n"))
        #expect(log.contains("trouble\n"))
        #expect(!log.contains("CUTOVER_HOST_TEST"))
    }

    @Test("a process that does not end when it is asked to is killed")
    func stubborn() async throws {
        mkfifo(folder.file("fifo"), 0o600)
        let program = try script("trap '' TERM", "echo deaf", "while read line <>\(folder.file("fifo")); do :; done")
        let process = runtime("/bin/sh \(program)")
        let pid = try await start(process)
        while folder.text("log") != "deaf\n" { await Task.yield() }
        #expect(try await process.stop(within: 0.2) == true)
        #expect(!ProcessRuntime.isAlive(pid))
    }

    @Test("a program that is a script is found by its own name")
    func interpreted() async throws {
        mkfifo(folder.file("fifo"), 0o600)
        let program = try script("while read line <>\(folder.file("fifo")); do :; done")
        let process = runtime("\(program) --port 1")
        let pid = try await start(process)
        #expect(try process.running() == pid)
        try await process.stop(within: 10)
    }

    @Test("a process that becomes another program, or the same again, runs all the while")
    func becomes() async throws {
        let program = runtime(try script(#"exec "$0""#))
        let pid = try await start(program)
        for _ in 0..<3000 { try #require(try program.running() == pid) }
        #expect(try await program.stop(within: 10) == false)
    }

    @Test("a program that ends at once is a fault that names its log")
    func endsAtOnce() async throws {
        let fault = await #expect(throws: HostFault.self) { try await runtime("/bin/false").start(environment: [:], log: folder.file("log")) }
        #expect(fault?.description.contains(folder.file("log")) == true)
    }

    @Test("the pid file of a process with another command is not ours")
    func otherCommand() async throws {
        let pid = try await start(runtime())
        #expect(try runtime("/bin/sleep 301").running() == nil)
        #expect(try runtime("/bin/sleep 301").anyRunning()?.pid == pid)
        try await runtime().stop(within: 10)
    }

    @Test("a pid that passed to another program is neither ours nor stopped")
    func recycledPid() async throws {
        let stranger = ProcessRuntime(command: "/bin/sleep 302", pidFile: folder.file("stranger.pid"))
        try await stranger.start(environment: [:], log: folder.file("log"))
        let pid = try #require(try stranger.running())
        try folder.write("\(pid)\n", to: "pid")
        // The file is from before the stranger began.
        let before = [timeval(tv_sec: time(nil) - 3600, tv_usec: 0), timeval(tv_sec: time(nil) - 3600, tv_usec: 0)]
        #expect(utimes(folder.file("pid"), before) == 0)
        #expect(try runtime().running() == nil)
        #expect(try runtime().anyRunning() == nil)
        #expect(try await runtime().stop(within: 1) == false)
        #expect(ProcessRuntime.isAlive(pid))
        try await stranger.stop(within: 10)
    }

    @Test("a pid file that says nothing, or names nobody, is no process")
    func noProcess() throws {
        for text in ["", "abc\n", "999999999\n", "-1\n", "0\n"] {
            try folder.write(text, to: "pid")
            #expect(try runtime().running() == nil)
            #expect(try runtime().anyRunning() == nil)
        }
    }

    @Test("a process that ended and was not collected does not run")
    func zombie() throws {
        var pid = pid_t()
        let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("/bin/true"), nil]
        defer { free(arguments[0]) }
        #expect(posix_spawn(&pid, "/bin/true", nil, nil, arguments, nil) == 0)
        // Waits for its end and leaves it uncollected.
        var information = siginfo_t()
        #expect(waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) == 0)
        try folder.write("\(pid)\n", to: "pid")
        #expect(!ProcessRuntime.isAlive(pid))
        #expect(try ProcessRuntime(command: "/bin/true", pidFile: folder.file("pid")).running() == nil)
        #expect(waitpid(pid, nil, 0) == pid)
    }
}

@Suite("brief processes of a host") struct BriefProcessTests {
    private func exitCode(_ script: String, environment: [String: String] = [:], within seconds: Double = 30) async throws -> Int? {
        let folder = try Folder()
        try folder.write(script + "\n", to: "script")
        return try await BriefProcess.exitCode(of: "/bin/sh \(folder.file("script"))", environment: environment, withinSeconds: seconds)
    }

    @Test("its exit code is told")
    func code() async throws {
        #expect(try await exitCode("exit 0") == 0)
        #expect(try await exitCode("exit 3") == 3)
        #expect(try await exitCode(#"test "$COLOUR" = blue"#, environment: ["COLOUR": "blue"]) == 0)
    }

    @Test("one that died of a signal did end")
    func signal() async throws { #expect(try await exitCode("kill -ABRT $$") == 128 + 6) }

    @Test("one that runs on is killed and has no exit code")
    func tooLong() async throws {
        #expect(try await BriefProcess.exitCode(of: "/bin/sleep 303", environment: [:], withinSeconds: 0.2) == nil)
    }

    @Test("a program that is not there, and an empty command, are errors")
    func missing() async {
        await #expect(throws: (any Error).self) { try await BriefProcess.exitCode(of: "/nonexistent/program", environment: [:], withinSeconds: 5) }
        await #expect(throws: (any Error).self) { try await BriefProcess.exitCode(of: " ", environment: [:], withinSeconds: 5) }
    }
}
