import Foundation
import HTTP

/// The Python endpoint beside this file, as long as this value lives.
final class HookServer: Sendable {
    struct Trouble: Error { let what: String }

    struct Heard: Decodable {
        struct Body: Decodable {
            let text: String
            let id: String
            let kind: String
            let tenant: String?
            let step: String?
            let next: String
        }
        let path: String
        let body: Body
        let key: String?
        let type: String?
    }

    let url: String
    private let mouth: FileHandle

    init() throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [URL(filePath: #filePath).deletingLastPathComponent().appending(path: "hook-server.py").path]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let port = Int(line) else { throw Trouble(what: "the server said: \(line)") }
        url = "http://127.0.0.1:\(port)"
        mouth = input.fileHandleForWriting
    }

    deinit { try? mouth.close() }

    /// What was posted to paths that begin so.
    func heard(_ path: String) async throws -> [Heard] {
        let answer = try await HTTPClient().send(HTTPRequest("GET", "\(url)/heard"))
        return try JSONDecoder().decode([Heard].self, from: Data(answer.body)).filter { $0.path.hasPrefix(path) }
    }
}
