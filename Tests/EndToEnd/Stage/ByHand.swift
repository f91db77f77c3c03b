import Foundation

/// What was done before there was anybody who looks: the plugin started by hand, and asked by whoever likes.
struct PluginByHand {
    let stage: Stage
    let port: Int
    private let running: RunningProgram

    /// - Parameter address: where it listens.
    init(_ stage: Stage, on tenant: String, address: String = "127.0.0.1", fault: String? = nil, faultFile: String? = nil) async throws {
        self.stage = stage
        port = try FreePort.any()
        running = try await stage.start(
            "lab-plugin", [],
            [
                "MEMORY_PLUGIN_DATABASE_URL": try EnvText(stage.env(tenant)).require("DATABASE_URL"), "MEMORY_PLUGIN_LISTEN_ADDR": "\(address):\(port)",
                "LAB_PLUGIN_FAULT": fault, "LAB_PLUGIN_FAULT_FILE": faultFile,
            ])
    }

    /// Its end, where it ends by itself.
    func ended() async throws -> RunningProgram.Ended { try await running.ended() }

    func stop() async throws {
        running.kill(SIGTERM)
        _ = try await running.ended()
    }

    /// The status of its answer; 0 where there is none.
    /// - Parameter host: the address it is asked at.
    func ask(_ method: String, _ path: String, _ body: String? = nil, at host: String = "127.0.0.1") async throws -> Int {
        try await stage.request(method, "http://\(host):\(port)\(path)", ["Content-Type: application/json"], body)
    }

    func awaitHealth() async throws {
        _ = try await eventually("the plugin that was started by hand answers", within: 60) { try await ask("GET", "/v1/health") == 200 ? true : nil }
    }
}

extension Stage {
    /// The status of an answer over HTTP; 0 where there is none.
    func request(_ method: String, _ url: String, _ headers: [String] = [], _ body: String? = nil) async throws -> Int {
        let words = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "-m", "20", "-X", method] + headers.flatMap { ["-H", $0] } + (body.map { ["-d", $0] } ?? []) + [url]
        let ended = try await RunningProgram.start("/usr/bin/curl", words, environment: [:], folder: folder, log: "\(logs)/request").ended()
        return Int(ended.out) ?? 0
    }
}
