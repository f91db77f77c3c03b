import Foundation

/// Makes a tenant's plugin one that does something to itself: a script in its place, which stays its parent.
enum PluginWrapper {
    /// - Parameter body: shell text; `$PLUGIN` is the real program. It has to start it in the background and set `child`.
    static func put(_ body: String, on tenant: String, _ stage: Stage) throws {
        let env = try EnvText(stage.env(tenant))
        let script = """
            PLUGIN='\(try env.require("PLUGIN_COMMAND"))'
            trap 'kill $child 2>/dev/null; wait $child; exit 0' TERM
            \(body)
            """
        try env.set("PLUGIN_COMMAND", to: "/bin/sh \(try stage.file("plugin-of-\(tenant).sh", script + "\n"))")
    }
}
