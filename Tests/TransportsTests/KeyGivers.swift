import Foundation
import HTTP
import Synchronization

@testable import Transports

/// An instance's service, a container's host and a token service on loopback, and a home with AWS's files: see key_givers.py.
final class KeyGivers: Sendable {
    let address: String
    let home: String

    private static let running = Task { try await PythonPart.start("key_givers.py") }

    /// Knows nothing of earlier ones. One at a time.
    static func start() async throws -> KeyGivers {
        let one = KeyGivers(address: try await running.value)
        try await one.control("reset", [String]())
        return one
    }

    private init(address: String) {
        self.address = address
        home = NSTemporaryDirectory() + "keys-\(UUID().uuidString)"
        try? FileManager.default.createDirectory(atPath: "\(home)/.aws", withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: home) }

    /// Nothing is there, and nobody outside of this test is asked.
    var nothing: [String: String] {
        ["HOME": home, "PATH": "/usr/bin:/bin", "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1", "AWS_ENDPOINT_URL_STS": address, "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1",
         "AWS_EC2_METADATA_V1_DISABLED": "true"]
    }

    func nothing(but more: [String: String]) -> [String: String] { nothing.merging(more) { _, new in new } }

    func write(_ name: String, _ text: String, executable: Bool = false) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(home)/\(name)"), options: .atomic)
        chmod("\(home)/\(name)", executable ? 0o700 : 0o600)
    }

    func rule(_ rules: [String: any Sendable]) async throws { try await control("rules", rules) }
    func asked() async throws -> [String] { try JSONDecoder().decode([String].self, from: await control("asked", [String]())) }
    /// The key that botocore takes in each of these environments.
    func botocore(_ environments: [[String: String]]) async throws -> [String] { try JSONDecoder().decode([String].self, from: await control("choose", environments)) }

    @discardableResult private func control(_ what: String, _ value: Any) async throws -> Data {
        let body = [UInt8](try JSONSerialization.data(withJSONObject: value))
        return Data(try await HTTPClient().send(HTTPRequest("POST", "\(address)/_door/\(what)", body: body, timeoutMilliseconds: 120_000)).body)
    }
}

/// A clock that a test moves.
final class Hand: Sendable {
    private let moved = Mutex(0.0)
    func move(_ seconds: Double) { moved.withLock { $0 += seconds } }
    var now: Date { Date() + moved.withLock { $0 } }
}
