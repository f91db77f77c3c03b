import DataPath
import Postgres

/// What is wrong with the capture at this moment, as people read it; the gravest first.
enum CaptureFindings {
    static func read(_ connection: PostgresConnection) async throws -> [String] {
        if let sealed = try await CaptureSeal.remembered(connection) {
            let broken = try await CaptureSeal.read(connection).broken(since: sealed)
            if !broken.isEmpty { return ["change capture is not what was put in place: \(broken.joined(separator: "; "))"] }
        }
        let status = try await Capture().status(connection)
        guard !status.inPlace else { return [] }
        let missing = status.missingTriggers + status.missingFunctions
        return ["change capture is not whole: missing \(missing.joined(separator: ", ")), not always enabled \(status.disabledTriggers.joined(separator: ", "))"]
    }
}
