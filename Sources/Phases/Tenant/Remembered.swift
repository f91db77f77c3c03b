import Cutover
import Host

/// What a setting was before we changed it, kept on the host until it is put back. The first value remembered wins,
/// so that doing a step again does not forget what stood there before the first time.
struct Remembered: Sendable {
    private let path: String
    private static let nothing = "absent"

    init(_ name: String, on host: HostSight) { self.path = "\(host.statePath)/before.\(name)" }

    func keep(_ value: String?) throws {
        if try DurableFile.read(path) == nil { try DurableFile.write(value.map { "value=\($0)" } ?? Self.nothing, to: path) }
    }

    /// Nil when nothing was remembered; `.some(nil)` when the setting was not there.
    func value() throws -> String?? {
        guard let text = try DurableFile.read(path) else { return nil }
        return text == Self.nothing ? .some(nil) : String(text.dropFirst("value=".count))
    }

    func forget() throws { try DurableFile.remove(path) }
}
