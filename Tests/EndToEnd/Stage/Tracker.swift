import Foundation

/// A tracker of issues, as far as its one issue goes: a document in JSON that a small server hands out.
struct Tracker {
    let url: String
    private let file: String
    private let server: RunningProgram

    init(_ stage: Stage) async throws {
        let folder = "\(stage.folder)/tracker"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        file = "\(folder)/769"
        let code = """
            import functools, http.server, sys
            handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
            print(server.server_address[1], flush=True)
            server.serve_forever()
            """
        let log = "\(stage.logs)/tracker"
        server = try await RunningProgram.start("/usr/bin/python3", ["-c", code, folder], environment: [:], folder: folder, log: log)
        let port = try await eventually("the tracker tells its port", within: 60) { () -> Int? in
            (try? String(contentsOfFile: "\(log).out", encoding: .utf8)).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }
        url = "http://127.0.0.1:\(port)/769"
    }

    func say(_ text: String) throws { try text.write(toFile: file, atomically: true, encoding: .utf8) }

    func end() async throws {
        server.kill()
        _ = try await server.ended()
    }
}
