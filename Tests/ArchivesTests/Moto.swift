import Archives
import Foundation
import HTTP

/// A store that speaks S3, of this process's own, and a door before it that can be told to misbehave.
///
/// The store is `moto_server` from `.build/python`, or from the folder that `CUTOVER_PYTHON` names. It checks signatures.
final class Moto: Sendable {
    struct Trouble: Error, CustomStringConvertible { let description: String }

    private let process: Process
    let endpoint: String
    let keys: SigningKeys

    private init(_ process: Process, endpoint: String, keys: SigningKeys) {
        (self.process, self.endpoint, self.keys) = (process, endpoint, keys)
    }

    deinit { process.terminate() }

    static func start() async throws -> Moto {
        let here = URL(fileURLWithPath: #filePath)
        let repository = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
        let python = "\(ProcessInfo.processInfo.environment["CUTOVER_PYTHON"] ?? "\(repository)/.build/python")/bin/python3"
        guard FileManager.default.isExecutableFile(atPath: python) else { throw Trouble(description: "\(python) is not there: .ci/setup") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [here.deletingLastPathComponent().appending(path: "store.py").path, String(getpid())]
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let words: [String] = await withCheckedContinuation { told in
            DispatchQueue.global().async {
                var line = Data()
                while !line.contains(10) {
                    let more = output.fileHandleForReading.availableData
                    if more.isEmpty { break }
                    line += more
                }
                told.resume(returning: String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init))
            }
        }
        guard words.count == 3 else { throw Trouble(description: "the store did not start") }
        return Moto(
            process, endpoint: words[0], keys: SigningKeys(region: "eu-central-1", service: "s3", accessKeyID: words[1], secretAccessKey: words[2]))
    }

    /// A bucket of that name, made if need be.
    func bucket(_ name: String, keys: SigningKeys? = nil) async throws -> S3Bucket {
        let made = try await control("/bucket/\(name)")
        guard made == "ok" else { throw Trouble(description: made) }
        return S3Bucket(endpoint: endpoint, bucket: name, keys: keys ?? self.keys, pauseMilliseconds: 5, attempts: 5, stallSeconds: 2)
    }

    /// The next requests whose method and address match are answered as said: a status, `stall`, or `cut` in the middle of the answer.
    func misbehave(_ method: String, _ matching: String = "", as fault: String, times: Int = 1) async throws {
        let quoted = matching.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        _ = try await control("/fault/\(method)/\(fault)/\(times)/\(quoted)")
    }

    /// Method and address of every request so far.
    func requests() async throws -> [String] { try await control("/requests").split(separator: "\n").map(String.init) }

    /// Flips one bit of an object, behind everyone's back.
    func flip(_ bucket: String, _ key: String, at position: Int) async throws { _ = try await control("/flip/\(bucket)/\(position)/\(key)") }
    func cut(_ bucket: String, _ key: String, to length: Int) async throws { _ = try await control("/cut/\(bucket)/\(length)/\(key)") }
    func unfinished(_ bucket: String) async throws -> Int { Int(try await control("/unfinished/\(bucket)")) ?? -1 }

    private func control(_ path: String) async throws -> String {
        try await HTTPClient().send(HTTPRequest("POST", endpoint + "/_door" + path, body: [], timeoutMilliseconds: 20_000)).text
    }
}
