/// What the workspace server is told by its environment and its flags.
struct WorkspaceSettings: Sendable {
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    let address: ListenAddress
    let databaseURL: String
    let pluginURL: String?
    let authSecret: String
    /// No fallback: every memory is the plugin's, or the call fails.
    let strict: Bool
    /// A later release: keys and values have no door any more.
    let keyless: Bool
    let cutoverWanted: Bool
    /// A file that names the fault of the moment, for tests.
    let faultFile: String?

    init(environment: [String: String], strict: Bool, keyless: Bool = false) throws(Missing) {
        func required(_ name: String) throws(Missing) -> String {
            guard let value = environment[name], !value.isEmpty else { throw Missing(description: "\(name) is not set") }
            return value
        }
        let listen = environment["LISTEN_ADDR"] ?? ":8080"
        guard let address = ListenAddress(listen) else { throw Missing(description: "LISTEN_ADDR is not host:port: \(listen)") }
        self.address = address
        databaseURL = try required("DATABASE_URL")
        authSecret = try required("AUTH_SECRET")
        let url = environment["MEMORY_PLUGIN_URL"] ?? ""
        pluginURL = url.isEmpty ? nil : url
        self.strict = strict
        self.keyless = keyless
        faultFile = environment["LAB_SERVER_FAULT_FILE"]
        cutoverWanted = environment["MEMORY_V2_CUTOVER"] == "true"
        if strict, pluginURL == nil {
            throw Missing(description: "MEMORY_PLUGIN_URL is not set, and this version has no other place for memories")
        }
    }
}
