import Foundation

/// A tenant's env file: one KEY=VALUE a line, the value to the end of the line as it is.
struct TenantEnv: Sendable, Equatable {
    var values: [String: String]

    init(values: [String: String]) { self.values = values }

    init(file: String) throws {
        let text = try String(contentsOfFile: file, encoding: .utf8)
        self.init(text: text)
    }

    init(text: String) {
        var found: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let sign = line.firstIndex(of: "=") else { continue }
            found[String(line[..<sign])] = String(line[line.index(after: sign)...])
        }
        values = found
    }

    /// The database with the plugin's tables.
    var pluginDatabaseURL: String { values["MEMORY_PLUGIN_DATABASE_URL"] ?? self["DATABASE_URL"] }

    subscript(key: String) -> String { values[key] ?? "" }

    var text: String { values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }.joined() }

    /// Readable by its owner alone, from the first byte on.
    func write(to file: String) throws {
        let fresh = file + ".new"
        unlink(fresh)
        guard FileManager.default.createFile(atPath: fresh, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        else { throw Spawn.Failed(description: "cannot write \(fresh)") }
        guard rename(fresh, file) == 0 else { throw Spawn.Failed(description: "cannot replace \(file)") }
    }
}
