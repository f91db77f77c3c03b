import Foundation

/// The bundle on a host with nothing but Debian's base: placed there, at work with PostgreSQL and HTTP, and taken away.
enum BareDebian {
    /// Of the programs as they were built for the tests.
    @Sendable static func asBuilt(_ stage: Stage) async throws {
        let program = stage.places.program("cutoverctl")
        // What the size of the release is held to says nothing about this one.
        let loose = ["GZIP_LEVEL": "-1", "CEILING": "1000", "UNPACKED_CEILING": "4000"]
        try await run(stage, try await BareHost.tool(stage, "bundle", program, "\(stage.folder)/bundles", environment: loose))
    }

    /// Of the release, which must keep its size.
    @Sendable static func released(_ stage: Stage) async throws {
        try await run(stage, try await BareHost.tool(stage, "bundle", "", "\(stage.folder)/bundles"))
    }

    private static func run(_ stage: Stage, _ bundled: RunningProgram.Ended) async throws {
        try expect(bundled.code == 0 && bundled.out.contains("MiB"), "no bundle: \(bundled.said)")
        try await stage.raise(agents: false, transport: "ssh")
        let bare = try await BareHost.start(stage)
        do { try await thereAndBack(stage, bare) } catch {
            await bare.stop()
            throw error
        }
        await bare.stop()
    }

    private static func thereAndBack(_ stage: Stage, _ bare: BareHost) async throws {
        let way: [String: String?] = ["CUTOVER_SSH_CONFIG": bare.sshConfig]
        // As it was built, the program finds nothing of what it needs there.
        let plain = try await stage.ctl("advance", "acme", "--to", "A0/host.prepare", changing: way)
        try expect(plain.code == 1 && plain.said.contains("acme"), "a program without its libraries ran: \(plain.code), \(plain.said)")

        try await bundlePlugin(stage)
        let bundles: [String: String?] = way.merging(["CUTOVER_BUNDLE": "\(stage.folder)/bundles"]) { $1 }
        // PostgreSQL is asked by host.prepare, the plugin over HTTP by sidecar.start, which commits, finds and forgets there.
        try await stage.ctl("advance", "acme", "--to", "A0/sidecar.start", code: 0, changing: bundles)
        let verified = try await stage.verified()
        try expect(verified == Array(Stage.steps.prefix(2)), "verified: \(verified)")
        try await stage.ctl("check", "acme", code: 0, changing: bundles)

        let watch = bare.programs.filter { $0.command.contains(" host watch ") }
        try expect(!watch.isEmpty, "no watch runs in the bare root: \(bare.programs.map(\.command))")
        for program in watch {
            let strangers = program.files.filter { $0.contains(".so") && !$0.contains("/host/bin/cutoverctl-") && !$0.contains(/\/(ld-linux|lib(c|m|dl|rt|pthread|resolv|nss_[a-z]+))[-.]/) }
            try expect(strangers.isEmpty, "the watch has these of the host's own: \(strangers.sorted())")
            try expect(program.files.contains { $0.contains("/lib/libpq.so") } && program.files.contains { $0.contains("/lib/libcurl.so") }, "the watch has mapped \(program.files.sorted())")
        }

        try await stage.ctl("revert", "acme", "--to", "start", code: 0, changing: bundles)
        try expect(!FileManager.default.fileExists(atPath: "\(stage.host("acme"))/bin"), "the program is still there")
    }

    /// The plugin's program is the lab's own, and wants libraries as well.
    private static func bundlePlugin(_ stage: Stage) async throws {
        let loose = ["GZIP_LEVEL": "-1", "CEILING": "1000", "UNPACKED_CEILING": "4000"]
        let made = try await BareHost.tool(stage, "bundle", stage.places.program("lab-plugin"), "\(stage.folder)/plugin", environment: loose)
        let open = "\(stage.folder)/plugin/open"
        try FileManager.default.createDirectory(atPath: open, withIntermediateDirectories: true)
        let archive = try FileManager.default.contentsOfDirectory(atPath: "\(stage.folder)/plugin").first { $0.hasSuffix(".tar.gz") }
        let unpacked = try await RunningProgram.start(
            "/usr/bin/tar", ["-xzf", "\(stage.folder)/plugin/\(archive ?? "")", "-C", open], environment: [:], folder: stage.folder, log: "\(stage.logs)/tar"
        ).ended()
        try expect(made.code == 0 && unpacked.code == 0, "the plugin has no bundle: \(made.said) \(unpacked.said)")
        try EnvText(stage.env("acme")).set("PLUGIN_COMMAND", to: "\(open)/lab-plugin")
    }
}
