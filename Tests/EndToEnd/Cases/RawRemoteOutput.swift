import Foundation

/// A call to the provider or to a host fails, and what comes back is full of the tenant's secrets: none of them is kept or shown anywhere.
enum RawRemoteOutput {
    @Sendable static func run(_ stage: Stage) async throws {
        try await stage.raise(agents: false, transport: "ssm")
        let env = try EnvText(stage.env("acme"))
        let url = try env.require("DATABASE_URL")
        let secrets = [String(url.split(separator: ":")[2].split(separator: "@")[0]), try env.require("AUTH_SECRET"), try env.require("ARCHIVE_KEY")]

        try await providerRefuses(stage, "DATABASE_URL=\(url) AUTH_SECRET=\(secrets[1]) {\"ARCHIVE_KEY\": \"\(secrets[2])\"}", secrets)
        try await hostRaves(stage, secrets)
        try await nothingIsKept(stage, secrets)
    }

    /// The provider repeats in its error what it was never told by us, as a service behind it may.
    private static func providerRefuses(_ stage: Stage, _ raw: String, _ secrets: [String]) async throws {
        let refusal = #""AccessDeniedException: not allowed; the host said: \#(raw.replacing("\"", with: "\\\""))""#
        try await stage.ssmFaults(#"{"refusals": {"SendCommand": [\#(Array(repeating: refusal, count: 100).joined(separator: ","))]}}"#)
        let ended = try await stage.ctl("advance", "acme", "--to", "A0/host.prepare")
        try expect(ended.code != 0 && ended.said.contains("AccessDeniedException"), "a refused command is not told as such: \(ended.code), \(ended.said)")
        try await stage.ssmFaults("{}")
    }

    /// What stands for our program on the host says everything it knows, on both streams, and fails.
    private static func hostRaves(_ stage: Stage, _ secrets: [String]) async throws {
        try await stage.ctl("advance", "acme", "--to", "A0/host.prepare", code: 0)
        let hand = "\(stage.host("acme"))/bin/cutoverctl"
        let real = try FileManager.default.destinationOfSymbolicLink(atPath: hand)
        let raving = "\(stage.host("acme"))/bin/raving"
        try "#!/bin/sh\ncat >/dev/null; cat '\(stage.env("acme"))'; cat '\(stage.env("acme"))' >&2; exit 1\n".write(toFile: raving, atomically: true, encoding: .utf8)
        chmod(raving, 0o755)
        unlink(hand)
        symlink("raving", hand)
        // What would be kept if it were kept as it comes.
        let raw = try await RunningProgram.start("/bin/sh", [raving], environment: [:], folder: stage.folder, log: "\(stage.folder)/raving").ended()
        try expect(secrets.allSatisfy { raw.out.contains($0) && raw.err.contains($0) }, "what raves tells no secret to begin with")
        let ended = try await stage.ctl("advance", "acme", "--to", "A0/sidecar.start")
        try expect(ended.code != 0, "a host that only raves is taken for one that answers: \(ended.said)")
        try await stage.ctl("why", "acme", code: 0)
        unlink(hand)
        symlink(real, hand)
    }

    /// The journal, its export, and all that our commands have said so far.
    private static func nothingIsKept(_ stage: Stage, _ secrets: [String]) async throws {
        try await stage.ctl("history", "acme", "--json", code: 0)
        try await stage.ctl("status", "--json")
        try await stage.ctl("journal", "export", code: 0)
        var places = try FileManager.default.contentsOfDirectory(atPath: stage.logs).map { "\(stage.logs)/\($0)" }
        places += ["", "-wal"].map { stage.journal + $0 }
        for place in places {
            let text = String(decoding: FileManager.default.contents(atPath: place) ?? Data(), as: UTF8.self)
            for secret in secrets { try expect(!text.contains(secret), "a secret of the tenant's host stands in \(place)") }
        }
    }
}

extension Stage {
    /// Sets the faults of the lab's SSM endpoint; what is left out is as it is without any.
    func ssmFaults(_ json: String) async throws {
        guard let endpoint = ssm["AWS_ENDPOINT_URL_SSM"], let url = URL(string: "\(endpoint)/lab/faults") else { throw Trouble("the lab has no SSM endpoint") }
        let file = try file("faults.json", json)
        let ended = try await RunningProgram.start(
            "/usr/bin/python3", ["-c", "import sys,urllib.request as u; print(u.urlopen(u.Request(sys.argv[1], open(sys.argv[2],'rb').read(), method='PUT')).status)", url.absoluteString, file],
            environment: ["PATH": "/usr/bin:/bin"], folder: folder, log: "\(logs)/faults"
        ).ended()
        try expect(ended.code == 0, "the endpoint does not take these faults: \(ended.said)")
    }
}
