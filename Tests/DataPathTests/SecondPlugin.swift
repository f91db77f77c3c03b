import DataPath
import Foundation
import HTTP

/// The plugin in Python, written from the contract's text, as a process of this test; it ends with this value, however we end.
final class SecondPlugin: Sendable {
    struct Trouble: Error { let what: String }

    let folder: String
    let url: String
    let pid: Int32
    private let mouth: FileHandle
    private let ownsFolder: Bool

    init(port: Int = 0, folder: String? = nil) throws {
        ownsFolder = folder == nil
        self.folder = folder ?? "/tmp/cutover-second-plugin-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
        let process = Process()
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [tests.appending(path: "Fixtures/second-plugin/second-plugin.py").path]
        process.environment = [
            "MEMORY_PLUGIN_LISTEN_ADDR": "127.0.0.1:\(port)", "SECOND_PLUGIN_FILE": "\(self.folder)/memories.db", "SECOND_PLUGIN_DIMENSIONS": "3",
            "SECOND_PLUGIN_FAULTS": "\(self.folder)/faults.json", "SECOND_PLUGIN_ENDS_WITH_INPUT": "1",
        ]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let port = Int(line) else { throw Trouble(what: "the plugin said: \(line)") }
        url = "http://127.0.0.1:\(port)"
        pid = process.processIdentifier
        mouth = input.fileHandleForWriting
    }

    deinit {
        try? mouth.close()
        if ownsFolder { try? FileManager.default.removeItem(atPath: folder) }
    }

    var port: Int { url.split(separator: ":").last.flatMap { Int($0) } ?? 0 }

    func kill() { Foundation.kill(pid, SIGKILL) }

    /// How it misbehaves from now on; nil ends that.
    func misbehave(_ fault: String?) throws {
        let path = "\(folder)/faults.json"
        try Data((fault ?? "{}").utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    struct Memory: Decodable, Equatable {
        struct Propagation: Decodable, Equatable {
            struct Facts: Decodable, Equatable {
                let owner: String?, scope: String?, label: String?, created_micros: String?, updated_micros: String?, digest: String?
            }
            let cutover: Facts?
        }
        let id: String, namespace: String, content: String
        let pin: Bool?
        let propagation: Propagation?
    }

    /// What it shows of a namespace, newest first: at most 100.
    func shown(_ namespace: String) async throws -> [Memory] {
        struct Found: Decodable { let memories: [Memory]? }
        let body = Array("{\"namespaces\":[\"\(namespace)\"],\"limit\":100}".utf8)
        let answer = try await HTTPClient().send(HTTPRequest("POST", "\(url)/v1/search", body: body))
        return try JSONDecoder().decode(Found.self, from: Data(answer.body)).memories ?? []
    }

    @discardableResult
    func ask(_ method: String, _ path: String, _ body: String) async throws -> String {
        try await HTTPClient().send(HTTPRequest(method, url + path, body: Array(body.utf8))).text
    }
}
