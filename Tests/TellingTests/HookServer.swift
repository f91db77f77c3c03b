import Foundation
import HTTP
import ProgramsTestKit

/// The Python endpoint beside this file, as long as this value lives.
final class HookServer: Sendable {
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

    private let server: PythonServer
    var url: String { server.url }

    init() throws { server = try PythonServer("TellingTests/hook-server.py") }

    /// What was posted to paths that begin so.
    func heard(_ path: String) async throws -> [Heard] {
        let answer = try await HTTPClient().send(HTTPRequest("GET", "\(url)/heard"))
        return try JSONDecoder().decode([Heard].self, from: Data(answer.body)).filter { $0.path.hasPrefix(path) }
    }
}
