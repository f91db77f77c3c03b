import Foundation

/// An S3-compatible store of the case's own: moto behind a door that can be told to misbehave.
struct ObjectStore: Sendable {
    private let program: RunningProgram
    private let stage: Stage
    private let python: String
    let endpoint: String
    let accessKey: String
    let secretKey: String

    static func start(_ stage: Stage) async throws -> ObjectStore {
        let python = "\(ProcessInfo.processInfo.environment["CUTOVER_PYTHON"] ?? "\(stage.places.repository)/.build/python")/bin/python3"
        guard FileManager.default.isExecutableFile(atPath: python) else { throw Trouble("\(python) is not there: .ci/setup") }
        let log = "\(stage.logs)/store"
        let program = try await RunningProgram.start(
            python, ["\(stage.places.repository)/Tests/ArchivesTests/store.py", String(getpid())], environment: [:], folder: stage.folder, log: log)
        for _ in 0..<300 {
            let words = String(decoding: FileManager.default.contents(atPath: "\(log).out") ?? Data(), as: UTF8.self)
            if words.hasSuffix("\n") {
                let parts = words.split(whereSeparator: \.isWhitespace).map(String.init)
                guard parts.count == 3 else { break }
                return ObjectStore(program: program, stage: stage, python: python, endpoint: parts[0], accessKey: parts[1], secretKey: parts[2])
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        program.kill()
        throw Trouble("the store did not start: see \(log).err")
    }

    func stop() async {
        program.kill()
        _ = try? await program.ended(within: 10)
    }

    func makeBucket(_ name: String) async throws { _ = try await door("bucket/\(name)") }
    /// The next requests whose method and address match are answered as said.
    func misbehave(_ method: String, _ matching: String, as fault: String, times: Int) async throws {
        _ = try await door("fault/\(method)/\(fault)/\(times)/\(matching.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")")
    }
    func objects(_ bucket: String) async throws -> [String] { try await door("objects/\(bucket)").split(separator: "\n").map(String.init) }
    func unfinished(_ bucket: String) async throws -> Int { Int(try await door("unfinished/\(bucket)")) ?? -1 }

    private func door(_ path: String) async throws -> String {
        let script = "import sys, urllib.request as u; print(u.urlopen(u.Request(sys.argv[1], method='POST', data=b'')).read().decode(), end='')"
        let asking = try await RunningProgram.start(
            python, ["-c", script, "\(endpoint)/_door/\(path)"], environment: [:], folder: stage.folder, log: "\(stage.logs)/door-\(UUID().uuidString)")
        let ended = try await asking.ended(within: 30)
        try expect(ended.code == 0, "the store's door: \(ended.said)")
        return ended.out
    }
}
