/// The workspace server as a process.
public enum WorkspaceProgram {
    /// Serves until stopped; the exit status is not zero when it could not start, with the reason on standard error.
    public static func run(environment: [String: String], arguments: [String]) async -> Int32 {
        let name = "lab-workspace-server"
        do {
            let settings = try WorkspaceSettings(environment: environment, strict: arguments.contains("--strict"), keyless: arguments.contains("--keyless"))
            if settings.cutoverWanted, settings.pluginURL == nil {
                LabLog.say("\(name): warning: MEMORY_V2_CUTOVER is true but MEMORY_PLUGIN_URL is not set; it has no effect")
            }
            try await Front(address: settings.address, desk: WorkspaceDesk(settings)).serve(named: name)
            return 0
        } catch {
            LabLog.say("\(name): cannot start: \(error)")
            return 1
        }
    }
}
