import Foundation

/// Plugin and server as containers of images by digest: all the way to the drop and back, with the containers that were there before.
enum RealContainers {
    @Sendable static func run(_ stage: Stage) async throws {
        let containers = try Containers(stage)
        do {
            try await thereAndBack(stage, containers)
        } catch {
            await containers.end()
            throw error
        }
        await containers.end()
    }

    private static let secrets = ["DATABASE_URL", "AUTH_SECRET", "PROBE_WORKSPACE_TOKEN", "ARCHIVE_KEY"]

    private static func thereAndBack(_ stage: Stage, _ containers: Containers) async throws {
        var stage = stage
        try await stage.raise(agents: false)
        let plugin = try await containers.build("memory-plugin", ["/plugin": stage.places.program("lab-plugin")], entry: ["/plugin"])
        let server = try await containers.build("tenant", ["/server": stage.places.program("lab-workspace-server")], entry: ["/server"])
        let strict = try await containers.build("tenant-strict", ["/server": stage.places.program("lab-workspace-server")], entry: ["/server", "--strict"])
        let env = try EnvText(stage.env("acme"))
        try await asContainer(stage, containers, env, server)
        // From now on they stand in the container's environment alone.
        for key in secrets { try EnvText(env.path).set(key, to: nil) }
        try EnvText(env.path).set("ENVIRONMENT_CONTAINER", to: "acme-server")
        let first = try await containers.inspect("acme-server", "{{.Id}}")
        stage.plan = try plan(stage, ["program: env:PLUGIN_COMMAND": "image: \(plugin)", "server: env:STRICT_SERVER_COMMAND": "image: \(strict)"])

        try await stage.forward("advance", "acme", "--to", "A0/sidecar.start", "--wait")
        let name = "cutover-acme-memory-plugin"
        let seen = try await containers.inspect(name, "{{.HostConfig.NetworkMode}} {{.HostConfig.RestartPolicy.Name}} {{index .Config.Labels \"cutover.image\"}}")
        try expect(seen == "host unless-stopped \(plugin)", "the plugin's container is: \(seen)")
        let operation = try await containers.inspect(name, "{{index .Config.Labels \"cutover.operation\"}}")
        try expect(!operation.isEmpty, "the container bears no operation")

        try await stage.forwardToTheDrop()
        try await stage.ctl("check", "acme", code: 0)
        try await told(env) { try await stage.referee("v2", "acme") }
        let version = try await containers.inspect("acme-server", "{{index .Config.Labels \"cutover.image\"}}")
        try expect(version == strict, "the server's container is of \(version)")
        try await stage.ctl("revert", "acme", "--to", "start", "--reason", "the customer asked for it", "--confirm", "acme", code: 0)
        try await told(env) { try await stage.referee("v1", "acme") }
        let left = try await containers.names()
        try expect(!left.contains(name), "after the way back the plugin's container is there")
        let last = try await containers.inspect("acme-server", "{{.Config.Image}} {{.State.Running}}")
        try expect(last.contains("tenant@") && last.hasSuffix("true"), "after the way back the server is \(last), first \(first)")
        let history = try await stage.ctl("history", "acme", "--json", code: 0).out
        let file = try String(contentsOfFile: env.path, encoding: .utf8)
        for secret in try secrets.map(env.require) {
            try expect(!history.contains(secret), "the journal knows a secret of the container's")
            try expect(!file.contains(secret), "a secret of the container's was written to the env file")
        }
    }

    /// The referee knows env files alone.
    private static func told(_ env: EnvText, _ ask: () async throws -> Void) async throws {
        for key in secrets { try EnvText(env.path).set(key, to: try env.require(key)) }
        try await ask()
        for key in secrets { try EnvText(env.path).set(key, to: nil) }
    }

    /// The lab's server goes, and one in a container takes its place, made by somebody else than us.
    private static func asContainer(_ stage: Stage, _ containers: Containers, _ env: EnvText, _ image: String) async throws {
        let pid = try Int32(String(contentsOfFile: try env.require("WORKSPACE_SERVER_PIDFILE"), encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
        kill(pid, SIGTERM)
        _ = try await eventually("the lab's server is gone", within: 20) { Leftovers.isAlive(pid) ? nil : true }
        for (key, value) in [("WORKSPACE_SERVER_IMAGE", image), ("WORKSPACE_SERVER_CONTAINER", "acme-server"), ("CONTAINER_RUNTIME", containers.tool)] {
            try EnvText(env.path).set(key, to: value)
        }
        try await containers.shell("\(containers.tool) run -d --name acme-server --network host --restart unless-stopped --env-file '\(env.path)' \(image)")
        let url = try env.require("WORKSPACE_SERVER_URL")
        _ = try await eventually("the server in the container answers", within: 30) { (try? await containers.shell("curl -sf \(url)/health")) }
    }

    static func plan(_ stage: Stage, _ changes: [String: String], revision: Int = 1) throws -> String {
        var text = try String(contentsOfFile: stage.places.plan, encoding: .utf8)
        for (old, new) in changes {
            try expect(text.contains(old), "the lab's plan has no \(old)")
            text = text.replacing(old, with: new)
        }
        return try stage.file("plan-containers-\(revision).yaml", text.replacing("revision: 1", with: "revision: \(revision)"))
    }
}

/// The plugin's image lacks its migration files, each boot ends: the canary fails, nothing of it runs on, and the wave behind it never opens.
enum MigrationsMissing {
    @Sendable static func run(_ stage: Stage) async throws {
        let containers = try Containers(stage)
        do {
            try await refused(stage, containers)
        } catch {
            await containers.end()
            throw error
        }
        await containers.end()
    }

    private static let entry = """
        if [ ! -e /migrations/001.sql ]; then
            echo "connecting to $MEMORY_PLUGIN_DATABASE_URL" >&2
            echo "migrations: open /migrations: no such file or directory" >&2
            exit 1
        fi
        exec /plugin
        """

    private static func refused(_ stage: Stage, _ containers: Containers) async throws {
        var stage = stage
        try await stage.raise(tenants: 3, agents: false)
        let programs = ["/plugin": stage.places.program("lab-plugin"), "/bin/sh": "/bin/dash"]
        let broken = try await containers.build("broken", programs, texts: ["/entry": entry], entry: ["/bin/sh", "/entry"])
        try EnvText(stage.env("acme")).set("CONTAINER_RUNTIME", to: containers.tool)
        // Rolled out as it is, it aborts at every boot.
        let aborts = try await containers.shell("\(containers.tool) run --rm --network host \(broken) && echo started || echo aborted")
        try expect(aborts.hasSuffix("aborted\n"), "the broken image does not abort: \(aborts)")
        // By tag it would be whatever somebody tags next.
        let tagged = try RealContainers.plan(stage, ["program: env:PLUGIN_COMMAND": "image: localhost/broken:made"])
        let lint = try await stage.ctl("lint", tagged, code: 1)
        try expect(lint.out.contains("not named by its digest"), "lint lets a tag pass: \(lint.said)")

        stage.plan = try RealContainers.plan(stage, ["program: env:PLUGIN_COMMAND": "image: \(broken)"])
        let ended = try await stage.ctl("run", "--patience", "2", code: 1)
        try expect(ended.out.contains("migrations: open /migrations"), "the run does not tell what the container said: \(ended.said)")
        let secret = try EnvText(stage.env("acme")).require("DATABASE_URL")
        let told = try await stage.ctl("history", "acme", "--json", code: 0).out + ended.out + ended.err
        try expect(!told.contains(secret) && !told.contains(secret.split(separator: ":")[2].split(separator: "@")[0]), "the container's log told the database's password")
        let found = try await stage.status(of: "acme")
        try expect(found.state == "failed" && found.place == "A0/sidecar.start", "the canary is \(found.state) at \(found.place)")
        let left = try await containers.names()
        try expect(left.isEmpty, "what failed is still there: \(left)")
        for tenant in ["globex", "initech"] {
            let begun = try await stage.history(tenant)
            try expect(begun.isEmpty, "\(tenant) was begun")
        }

        // Mended under its own digest, it goes on where it was.
        let whole = try await containers.build("whole", programs, texts: ["/entry": entry, "/migrations/001.sql": "-- whole\n"], entry: ["/bin/sh", "/entry"])
        stage.plan = try RealContainers.plan(stage, ["program: env:PLUGIN_COMMAND": "image: \(whole)"], revision: 2)
        try await stage.ctl("adopt", "acme", code: 0)
        try await stage.ctl("advance", "acme", "--to", "A0/sidecar.start", code: 0)

        // A later image that does not start: the one before runs again, the very container.
        let name = "cutover-acme-memory-plugin"
        let before = try await containers.inspect(name, "{{.Id}}")
        stage.plan = try RealContainers.plan(stage, ["program: env:PLUGIN_COMMAND": "image: \(broken)"], revision: 3)
        try await stage.ctl("adopt", "acme", code: 0)
        try await stage.ctl("advance", "acme", "--to", "A0/sidecar.start", code: 0)
        try await stage.ctl("check", "acme", "--reopen", "--reason", "a newer image", code: 2)
        let again = try await stage.ctl("advance", "acme", "--to", "A0/sidecar.start", code: 1)
        try expect(again.out.contains("migrations: open /migrations"), "the second image does not tell what it said: \(again.said)")
        let now = try await containers.inspect(name, "{{.Id}} {{.State.Running}}")
        try expect(now == "\(before) true", "after an image that does not start this runs: \(now), before it was \(before)")
        try await stage.ctl("revert", "acme", "--to", "start", code: 0)
        let after = try await containers.names()
        try expect(after.isEmpty, "after the way back a container is left")
        try await stage.referee("v1", "globex")
    }
}
