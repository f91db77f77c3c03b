import Foundation
import HTTP
import Testing

@testable import Transports

/// Systems Manager on loopback, in a process of its own that ends with this one: see systems_manager.py.
final class SystemsManager: Sendable {
    let endpoint: String
    private let answers: String

    private static let running = Task { try await SystemsManager.start() }
    /// One for all tests that tell it nothing to do.
    static func shared() async throws -> SystemsManager { try await running.value }

    /// One that a test may tell what it likes, as long as no other does at the same time; it knows nothing of earlier ones.
    static func alone() async throws -> SystemsManager {
        let one = try await lone.value
        try await one.control("reset", [String]())
        return one
    }
    private static let lone = Task { try await SystemsManager.start() }

    struct Trouble: Error, CustomStringConvertible { let description: String }

    static func start() async throws -> SystemsManager {
        let words = try await PythonPart.start("systems_manager.py").split(separator: " ").map(String.init)
        guard words.count == 2 else { throw Trouble(description: "\(words)") }
        return SystemsManager(endpoint: words[0], answers: words[1])
    }

    private init(endpoint: String, answers: String) { (self.endpoint, self.answers) = (endpoint, answers) }

    var settings: SSMSettings {
        var settings = SSMSettings(environment: ["AWS_ENDPOINT_URL_SSM": endpoint, "AWS_REGION": "eu-central-1"])
        (settings.callsPerSecond, settings.callsInABurst) = (2000, 2000)
        (settings.lookMilliseconds, settings.pauseMilliseconds) = (20, 5)
        settings.answersFolder = answers
        return settings
    }

    static let credentials = AWSCredentialChain(environment: ["AWS_ACCESS_KEY_ID": "AKIDSTAND", "AWS_SECRET_ACCESS_KEY": "stand-secret"])

    func transport(_ program: String, bundles: String? = nil, _ change: (inout SSMSettings) -> Void = { _ in }) -> SSMTransport {
        var settings = settings
        change(&settings)
        return SSMTransport(program: program, bundles: bundles, settings: settings, credentials: Self.credentials)
    }

    /// Absent, lost, twice, noise and the like, for all that follows.
    func rule(_ rules: [String: any Sendable]) async throws { _ = try await control("rules", rules) }

    /// The next so many calls of that name are answered as said: a status, `cut` before anything is done, `lost` after it, or AWS's own words.
    func misbehave(_ call: String, as fault: String, times: Int = 1, matching: String = "") async throws {
        _ = try await control("faults", [["call": call, "fault": fault, "times": times, "match": matching] as [String: any Sendable]])
    }

    func calls() async throws -> [String: Int] { try JSONDecoder().decode([String: Int].self, from: await control("calls", [])) }
    func comments() async throws -> [String] { try JSONDecoder().decode([String].self, from: await control("comments", [])) }
    func requests() async throws -> [[String]] { try JSONDecoder().decode([[String]].self, from: await control("requests", [])) }
    /// What botocore found wrong with requests or answers.
    func objections() async throws -> [String] { try JSONDecoder().decode([String].self, from: await control("objections", [])) }

    @discardableResult func control(_ what: String, _ value: Any) async throws -> Data {
        let body = [UInt8](try JSONSerialization.data(withJSONObject: value))
        return Data(try await HTTPClient().send(HTTPRequest("POST", "\(endpoint)/_door/\(what)", body: body, timeoutMilliseconds: 60_000)).body)
    }
}

/// A Python program beside the tests, of the environment that .ci/setup makes. Ends with this process; its first line is what it says.
enum PythonPart {
    static let python: String = {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
        return "\(ProcessInfo.processInfo.environment["CUTOVER_PYTHON"] ?? "\(repository)/.build/python")/bin/python3"
    }()

    static func start(_ name: String, _ words: [String] = []) async throws -> String {
        guard FileManager.default.isExecutableFile(atPath: python) else { throw SystemsManager.Trouble(description: "\(python) is not there: .ci/setup") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: name).path, String(getpid())] + words
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let line: String = await withCheckedContinuation { told in
            DispatchQueue.global().async {
                var line = Data()
                while !line.contains(10) {
                    let more = output.fileHandleForReading.availableData
                    if more.isEmpty { break }
                    line += more
                }
                told.resume(returning: String(decoding: line, as: UTF8.self).trimmingCharacters(in: .newlines))
            }
        }
        guard !line.isEmpty else { throw SystemsManager.Trouble(description: "\(name) did not start") }
        return line
    }
}
