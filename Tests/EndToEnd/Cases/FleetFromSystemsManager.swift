import Foundation

/// A fleet file made of what Systems Manager lists: its hosts are found again from anywhere, and what differs later is told.
enum FleetFromSystemsManager {
    private struct Drift: Decodable {
        struct Difference: Decodable {
            let tenant: String?
            let instance: String?
            let what: String
        }
        let drift: [Difference]
    }

    private static let instances = (1...3).map { "i-0c\(String(repeating: "0", count: 14))\($0)" }
    /// The operator's own region is not to be needed any more.
    private static let elsewhere: [String: String?] = ["AWS_REGION": nil, "AWS_DEFAULT_REGION": nil]

    @Sendable static func run(_ stage: Stage) async throws {
        let endpoint = try await RunningProgram.start(
            stage.places.program("cutover-lab"), ["ssm", "--instances", "3"], environment: [:], folder: stage.folder, log: "\(stage.logs)/endpoint")
        do {
            let told = try await eventually("the endpoint tells how it is reached", within: 60) {
                (try? String(contentsOfFile: "\(stage.logs)/endpoint.out", encoding: .utf8)).flatMap { $0.contains("AWS_SECRET_ACCESS_KEY=") ? $0 : nil }
            }
            try FileManager.default.createDirectory(atPath: "\(stage.root)/ssm", withIntermediateDirectories: true)
            _ = try stage.file("lab/ssm/env", told)
            try await imported(stage)
            try await differing(stage)
        } catch {
            endpoint.kill(SIGTERM)
            _ = try? await endpoint.ended(within: 30)
            throw error
        }
        endpoint.kill(SIGTERM)
        _ = try await endpoint.ended(within: 30)
    }

    private static func imported(_ stage: Stage) async throws {
        let keeper = "  - { id: keeper, host: \(instances[2]), transport: ssm, region: eu-central-1, env: /dev/null, state: /srv/keeper }\n"
        _ = try stage.file("lab/fleet.yaml", "hosts:\n\(keeper)")
        try await stage.ctl("fleet", "import", "--from", "ssm", "--transport", "ssm", "--env", "/etc/TENANT.env", "--output", stage.fleet, code: 0)
        let text = try String(contentsOfFile: stage.fleet, encoding: .utf8)
        let wanted = "tenants:\n" + instances.prefix(2).map {
            "  - { id: \($0), host: \($0), transport: ssm, region: eu-central-1, env: /etc/\($0).env, state: /var/lib/cutover/\($0) }\n"
        }.joined() + "hosts:\n" + keeper
        try expect(text == wanted, "the imported fleet is:\n\(text)")
        try await stage.ctl("fleet", "check", code: 0, changing: elsewhere)
        // A region that is nobody's own has to come from somewhere.
        _ = try stage.file("lab/nowhere.yaml", wanted.replacing(" region: eu-central-1,", with: ""))
        let lost = try await stage.ctl("fleet", "check", "--fleet", "\(stage.root)/nowhere.yaml", code: 1, changing: elsewhere)
        try expect(lost.err.contains("no region is named"), "without any region it is said: \(lost.said)")
    }

    private static func differing(_ stage: Stage) async throws {
        let whole = try String(contentsOfFile: stage.fleet, encoding: .utf8)
        _ = try stage.file("lab/fleet.yaml", whole.split(separator: "\n").filter { !$0.contains("id: \(instances[1])") }.joined(separator: "\n") + "\n")
        try await found(["not-in-fleet \(instances[1])"], stage)
        // What is in the file already stays as it is, whatever is asked for now.
        let again = ["fleet", "import", "--from", "ssm", "--transport", "ssm", "--env", "/elsewhere/TENANT.env", "--output", stage.fleet]
        let ended = try await stage.start("cutoverctl", again, elsewhere).ended()
        let text = try String(contentsOfFile: stage.fleet, encoding: .utf8)
        try expect(ended.code == 0 && text == whole.replacing("/etc/\(instances[1]).env", with: "/elsewhere/\(instances[1]).env"), "imported again, \(ended.code), it is:\n\(text)")

        try await stage.ssmFaults(#"{"hosts": {"\#(instances[0])": "connectionLost", "\#(instances[1])": "stopped"}}"#)
        try await found(["not-running \(instances[0])", "not-listed \(instances[1])"], stage)
    }

    private static func found(_ wanted: [String], _ stage: Stage) async throws {
        let told: Drift = try await stage.ctl("fleet", "check", "--json", code: 2, changing: elsewhere).answer()
        let seen = told.drift.map { "\($0.what) \($0.tenant ?? $0.instance ?? "-")" }
        try expect(seen.sorted() == wanted.sorted(), "what differs is told as \(seen)")
    }
}
