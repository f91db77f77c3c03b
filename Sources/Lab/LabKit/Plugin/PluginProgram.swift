import Foundation

/// The memory plugin as a process.
public enum PluginProgram {
    /// Serves until stopped; the exit status is not zero when it could not start, with the reason on standard error.
    public static func run(environment: [String: String]) async -> Int32 {
        do {
            guard let database = environment["MEMORY_PLUGIN_DATABASE_URL"], !database.isEmpty else {
                throw CannotBoot(why: "MEMORY_PLUGIN_DATABASE_URL is not set")
            }
            let listen = environment["MEMORY_PLUGIN_LISTEN_ADDR"] ?? "127.0.0.1:9100"
            guard let address = ListenAddress(listen) else {
                throw CannotBoot(why: "MEMORY_PLUGIN_LISTEN_ADDR is not host:port: \(listen)")
            }
            let migrations = try migrations(environment)
            let store = PluginStore(databaseURL: database)
            try await migrate(store, scripts: migrations)
            let fault = environment["LAB_PLUGIN_FAULT"].flatMap(PluginFault.init(rawValue:))
            try await Front(address: address, desk: PluginDesk(store: store, fault: fault, faultFile: environment["LAB_PLUGIN_FAULT_FILE"])).serve(named: "lab-plugin")
            return 0
        } catch {
            LabLog.say("lab-plugin: cannot start: \(error)")
            return 1
        }
    }

    private struct CannotBoot: Error, CustomStringConvertible {
        let why: String
        var description: String { why }
    }

    /// The scripts to run at boot: the built-in one, or those of the folder named by the environment.
    private static func migrations(_ environment: [String: String]) throws -> [String] {
        if environment["MEMORY_PLUGIN_SKIP_MIGRATE"] == "1" { return [] }
        guard let folder = environment["MEMORY_PLUGIN_MIGRATIONS_DIR"], !folder.isEmpty else { return [PluginSchema.script] }
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { $0.hasSuffix(".sql") && !$0.hasSuffix(".down.sql") }.sorted()
        guard !files.isEmpty else { throw CannotBoot(why: "no migration files in \(folder)") }
        return try files.map { try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8) }
    }

    private static func migrate(_ store: PluginStore, scripts: [String]) async throws {
        try await store.lanes.run { connection in
            guard try !connection.query("SELECT 1 FROM pg_extension WHERE extname = 'vector'").isEmpty else {
                throw CannotBoot(why: "extension \"vector\" (pgvector) is missing from the database; type: CREATE EXTENSION vector")
            }
            // The unqualified type vector(1536) must be found in public by the scripts.
            try connection.run("SET search_path = memory_plugin, public")
            for script in scripts { try connection.run(script) }
        }
    }
}
