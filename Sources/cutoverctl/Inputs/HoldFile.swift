import Cutover
import Foundation

/// A file whose presence holds the fleet: for whoever can reach a folder and nothing else.
struct HoldFile: Sendable {
    let path: String

    /// The one that is named, or `cutover.hold` in the journal's folder; in the current one where the journal is no file.
    init(_ inputs: Inputs, variables: [String: String]) {
        if let named = variables["CUTOVER_HOLD_FILE"], !named.isEmpty {
            path = named
            return
        }
        let journal = inputs.journal.hasPrefix("sqlite:") ? String(inputs.journal.dropFirst(7)) : inputs.journal
        path = journal.contains("://") ? "cutover.hold" : URL(filePath: journal).deletingLastPathComponent().appending(path: "cutover.hold").path
    }

    /// Nil while it is not there. One that can't be read holds as well.
    func read() -> FleetHold? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let text = FileManager.default.contents(atPath: path).map { String(decoding: $0.prefix(500), as: UTF8.self) } ?? ""
        let reason = text.split(whereSeparator: \.isNewline).first.map { PlainText.line(String($0)) } ?? "no reason is given"
        return FleetHold(by: "a file", reason: "\(reason) (\(path))", next: "rm \(path)")
    }
}
