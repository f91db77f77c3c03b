import Foundation

/// The lab's SSM endpoint, a process of its own that plays the agents of all tenants' hosts.
struct SSMProcess {
    let layout: LabLayout
    let port: Int
    let key: LabSSMKey
    let tenants: [String]
    let programs: Programs

    private var folder: String { "\(layout.root)/ssm" }
    /// To be sourced by a shell.
    var env: String { "\(folder)/env" }
    private var endpoint: String { "http://127.0.0.1:\(port)" }
    private static let region = "eu-central-1"

    var isUp: Bool { (try? CurlClient().send(WebCall(method: "GET", url: "\(endpoint)/lab/calls", timeoutMilliseconds: 1_000)))?.status == 200 }

    /// One that serves other tenants than the lab has by now makes room.
    func startIfStopped() throws {
        try writeFiles()
        let words = ["run-ssm", "--root", layout.root] + tenants
        if let running = RunningProcess(pidFile: "\(folder)/pid"), running.arguments.contains("run-ssm") {
            if running.arguments.suffix(words.count) == words[...] { return }
            running.stop()
        }
        let pid = try Spawn.detached([programs.own] + words, environment: ["PATH": "/usr/bin:/bin"], log: "\(folder)/log")
        try Data("\(pid)\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/pid"), options: .atomic)
        for _ in 0..<500 {
            if isUp { return }
            usleep(20_000)
        }
        throw Spawn.Failed(description: "the SSM endpoint did not come up; see \(folder)/log")
    }

    func start() async throws -> LabSSM {
        let hosts = tenants.enumerated().map { LabSSMHost(instanceID: Self.instance($0.offset), name: "\($0.element).lab", tags: ["tenant": $0.element]) }
        let plane = LabSSMHost(instanceID: Self.controlPlane, name: "\(ControlPlaneMaking.name).lab", tags: ["role": "control-plane"])
        return try await LabSSM.start(hosts: hosts + [plane], port: port, region: Self.region, keys: [key], folder: "\(folder)/hosts", files: "\(folder)/files")
    }

    static let controlPlane = LabSSMHost.instanceID(0)
    /// The host of the lab's first, second… tenant.
    static func instance(_ index: Int) -> String { LabSSMHost.instanceID(index + 1) }

    // MARK: - Non public

    private func writeFiles() throws {
        for path in [folder, "\(folder)/files"] { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        // What hosts fetch is always the program that was built last.
        let link = "\(folder)/files/cutoverctl"
        try? FileManager.default.removeItem(atPath: link)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: try programs.sibling("cutoverctl"))
        let values = [
            "AWS_ENDPOINT_URL_SSM": endpoint, "AWS_REGION": Self.region, "AWS_DEFAULT_REGION": Self.region, "AWS_ACCESS_KEY_ID": key.accessKeyID,
            "AWS_SECRET_ACCESS_KEY": key.secretAccessKey, "CUTOVER_PROGRAM_URL": "\(endpoint)/files/cutoverctl",
            // This account is the lab's alone, and its hosts are near.
            "CUTOVER_SSM_LOOK": "150ms", "CUTOVER_SSM_CALLS": "30",
        ]
        let text = values.sorted { $0.key < $1.key }.map { "export \($0.key)=\($0.value)\n" }.joined()
        try text.write(toFile: env, atomically: true, encoding: .utf8)
        chmod(env, 0o600)
    }
}

extension Lab {
    /// Nil where hosts are not reached that way.
    var ssm: SSMProcess? {
        guard let port = record.ssmPort, let key = record.ssmKey else { return nil }
        return SSMProcess(layout: layout, port: port, key: key, tenants: record.tenants.map(\.id), programs: programs)
    }
}

/// What the process of a lab's SSM endpoint runs.
public struct SSMProgram {
    private let endpoint: SSMProcess

    public init(root: String) throws {
        guard let ssm = try Lab.open(root: root).ssm else { throw Spawn.Failed(description: "the hosts of this lab are not reached by SSM") }
        endpoint = ssm
    }

    public func start() async throws -> LabSSM { try await endpoint.start() }
}
