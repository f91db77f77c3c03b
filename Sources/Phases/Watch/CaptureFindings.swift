import DataPath
import Postgres

/// What is wrong with the capture at this moment, as people read it; the gravest first.
enum CaptureFindings {
    static func read(_ connection: PostgresConnection, _ settings: DataPathSettings) async throws -> [String] {
        if let sealed = try await CaptureSeal.remembered(connection, settings) {
            let broken = try await CaptureSeal.read(connection, settings).broken(since: sealed) + SecondDatabase.brokenCapture(connection)
            if !broken.isEmpty { return ["change capture is not what was put in place: \(broken.joined(separator: "; "))"] }
        }
        let status = try await Capture(settings).status(connection)
        guard !status.inPlace else { return [] }
        let missing = status.missingTriggers + status.missingFunctions
        return ["change capture is not whole: missing \(missing.joined(separator: ", ")), not always enabled \(status.disabledTriggers.joined(separator: ", "))"]
    }
}
