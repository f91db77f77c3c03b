import Foundation
import Logging

/// Log lines as JSON objects, one a line: what a collector of logs reads.
struct JSONLog: LogHandler {
    var logLevel = Logger.Level.info
    var metadata = Logger.Metadata()
    private let label: String
    private let now: @Sendable () -> String
    private let write: @Sendable (String) -> Void

    init(label: String, now: @escaping @Sendable () -> String, write: @escaping @Sendable (String) -> Void) {
        self.label = label
        self.now = now
        self.write = write
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields: [String: String] = ["time": now(), "level": event.level.rawValue, "logger": label, "message": PlainText.line("\(event.message)")]
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }) where fields[key] == nil { fields[key] = PlainText.line("\(value)") }
        if let line = try? JSONText.line(fields) { write(line + "\n") }
    }
}

/// How commands that run for long say what they do.
enum LogForm: String, CaseIterable, Sendable {
    case text, json
}
