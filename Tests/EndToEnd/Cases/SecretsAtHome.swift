import Foundation
import Synchronization

/// Secrets in every place they could come from, and none of them in the journal, its export, what is printed, the host's records, or `ps`.
enum SecretsAtHome {
    @Sendable static func overSSH(_ stage: Stage) async throws { try await run(stage, "ssh") }
    @Sendable static func bySSM(_ stage: Stage) async throws { try await run(stage, "ssm") }
    @Sendable static func locally(_ stage: Stage) async throws { try await run(stage, "local") }

    private static func run(_ stage: Stage, _ road: String) async throws {
        try await stage.raise(rows: 60, agents: stage.all, transport: road)
        let env = try EnvText(stage.env("acme"))
        let planted = [
            "MEMORY_PLUGIN_TOKEN": "planted-plugin-token", "AWS_SECRET_ACCESS_KEY": "planted-aws-key", "SMTP_PASSWORD": "planted smtp", "REDIS_URL": "redis://:planted-redis@127.0.0.1:1/0",
        ]
        for (key, value) in planted { try EnvText(env.path).set(key, to: value) }
        var secrets = ["planted-"]
        for key in ["AUTH_SECRET", "PROBE_WORKSPACE_TOKEN", "ARCHIVE_KEY", "DATABASE_URL"] { secrets.append(try env.require(key)) }
        guard let password = try env.require("DATABASE_URL").firstMatch(of: /:\/\/[^:]*:([^@]+)@/)?.1 else { throw Trouble("the lab's database has no password") }
        secrets.append(String(password))
        try expect(secrets.allSatisfy { $0.count >= 8 }, "a secret of the lab is too short to be looked for")

        let onPs = Mutex<Set<String>>([])
        let looked = Mutex(0)
        let watched = secrets
        let sampling = Task {
            while !Task.isCancelled {
                for process in Leftovers.all where watched.contains(where: process.command.contains) { onPs.withLock { _ = $0.insert(process.command) } }
                looked.withLock { $0 += 1 }
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
        defer { sampling.cancel() }
        if road == "ssh" { try await noisyLogin(stage) }
        try await troubles(stage)
        try await work(stage)
        sampling.cancel()
        if road == "ssm" {
            // The controller's own key for AWS has no more business anywhere.
            secrets.append(try stage.ssm["AWS_SECRET_ACCESS_KEY"] ?? { throw Trouble("the lab's endpoint has no key") }())
            _ = try stage.file("lab/cutover.db-of-ssm", try await kept(stage))
        }

        try expect(looked.withLock { $0 } > 20, "ps was hardly looked at")
        let shown = onPs.withLock { $0 }
        try expect(shown.isEmpty, "ps shows \(shown)")
        try search(stage, for: secrets, inEnv: watched.count)
    }

    /// What the operator's environment has, and no host is to see.
    private static let operators: [String: String?] = ["VAULT_TOKEN": "planted-operators", "PGPASSWORD": "planted-operators-too"]

    /// The host's login tells secrets to whoever comes, before anything of ours runs there; and at first it lets nobody further.
    private static func noisyLogin(_ stage: Stage) async throws {
        let login = try stage.file(
            "login",
            """
            #!/bin/sh
            echo 'welcome, the password=planted-welcome'
            echo 'export DB_PASSWORD=planted-login; postgres://app:planted-url@db/app; Authorization: Bearer planted-bearer' >&2
            [ -e '\(stage.folder)/open' ] || exit 1
            export PLANTED=planted-session
            exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"
            """)
        chmod(login, 0o755)
        for (name, more) in [("server", "ForceCommand \(login)\n"), ("config", "  SetEnv TOKEN=planted-client\n  # planted-comment\n")] {
            let path = "\(stage.root)/ssh/\(name)"
            try (String(contentsOfFile: path, encoding: .utf8) + more).write(toFile: path, atomically: true, encoding: .utf8)
        }
        let pid = try String(contentsOfFile: "\(stage.root)/ssh/sshd.pid", encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        kill(try Int32(pid) ?? { throw Trouble("sshd has no pid") }(), SIGHUP)
        var shut = try await stage.ctl("advance", "acme", "--to", "A0/host.prepare", changing: operators)
        // The server takes a moment to read its configuration again.
        for _ in 0..<100 where !shut.said.contains("export DB_PASSWORD") {
            try await Task.sleep(for: .milliseconds(100))
            shut = try await stage.ctl("advance", "acme", "--to", "A0/host.prepare", changing: operators)
        }
        try expect(shut.code != 0 && shut.said.contains("DB_PASSWORD=[secret]") && shut.said.contains("postgres://app:[secret]@db"), "what the login said is not told, or all of it: \(shut.code), \(shut.said)")
        _ = try stage.file("open", "")
    }

    /// Errors of libpq and of the plugin that quote what they got.
    private static func troubles(_ stage: Stage) async throws {
        let env = try EnvText(stage.env("acme"))
        let (database, plugin) = (try env.require("DATABASE_URL"), try env.require("PLUGIN_COMMAND"))
        for url in ["postgresql://acme:planted-db%zz@127.0.0.1/acme", "postgresqlx://acme:planted-scheme@127.0.0.1/acme", "host=127.0.0.1 port=1 password=planted-dsn x"] {
            try EnvText(env.path).set("DATABASE_URL", to: url)
            let failed = try await stage.ctl("advance", "acme", "--to", "A0/host.prepare", changing: operators)
            try expect(failed.code == 1 && failed.said.contains("the database does not answer"), "with \(url): \(failed.code), \(failed.said)")
        }
        try EnvText(env.path).set("DATABASE_URL", to: database)

        let script = try stage.file(
            "teller.py",
            """
            import http.server, json
            env = dict(line.rstrip("\\n").split("=", 1) for line in open("\(env.path)") if "=" in line)
            token, database = env["MEMORY_PLUGIN_TOKEN"], env["DATABASE_URL"]
            print("started with", token, database, flush=True)
            class Teller(http.server.BaseHTTPRequestHandler):
                def answer(self):
                    body = json.dumps({"error": token + " is no token for " + database}).encode()
                    self.send_response(500); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
                do_GET = do_POST = do_PUT = do_DELETE = answer
                def log_message(self, *words): pass
            host, port = "\(try env.require("PLUGIN_LISTEN"))".split(":")
            http.server.HTTPServer((host, int(port)), Teller).serve_forever()
            """)
        try EnvText(env.path).set("PLUGIN_COMMAND", to: "/usr/bin/python3 \(script)")
        let failed = try await stage.ctl("advance", "acme", "--to", "A0/sidecar.start", changing: operators)
        try expect(failed.code == 1 && failed.said.contains("started with [secret]"), "the plugin's trouble is not told, or all of it: \(failed.code), \(failed.said)")
        try await stage.ctl("revert", "acme", "--to", "A0/host.prepare", "--reason", "another plugin", code: 0, changing: operators)
        try EnvText(env.path).set("PLUGIN_COMMAND", to: plugin)
    }

    /// A good part of the way, there and back, with everything asked that prints.
    private static func work(_ stage: Stage) async throws {
        try await stage.forward("advance", "acme", "--to", stage.all ? "A1/shadow.watch" : "A1/backfill.copy", "--wait", changing: operators)
        for words in [["preview", "acme"], ["status", "--json"], ["history", "acme", "--json"], ["diff", "acme"], ["check", "acme"]] {
            _ = try await stage.start("cutoverctl", words, operators).ended()
        }
        try await stage.ctl("journal", "export", "\(stage.folder)/export.jsonl", code: 0)
        try await stage.ctl("revert", "acme", "--to", "start", "--reason", "the customer asked for it", "--confirm", "acme", code: 0, changing: operators)
    }

    /// All that Systems Manager keeps of the commands: their texts, what came of them, and what either holds in another spelling.
    private static func kept(_ stage: Stage) async throws -> String {
        let script = #"""
            import base64, json, re, zlib
            import botocore.session
            ssm = botocore.session.get_session().create_client("ssm")
            def unfolded(text, depth=0):
                yield text
                joined = re.sub(r"(?<=[A-Za-z0-9+/])\n(?=[A-Za-z0-9+/])", "", text)
                for word in re.findall(r"[A-Za-z0-9+/]{32,}={0,2}", text + "\n " + joined) if depth < 3 else []:
                    try: raw = base64.b64decode(word + "=" * (-len(word) % 4))
                    except ValueError: continue
                    for bits in (47, -15):
                        try: raw = zlib.decompressobj(bits).decompress(raw); break
                        except zlib.error: pass
                    yield from unfolded(raw.decode("utf-8", "replace"), depth + 1)
            commands = [c for page in ssm.get_paginator("list_commands").paginate() for c in page["Commands"]]
            for command in commands:
                for invocation in ssm.list_command_invocations(CommandId=command["CommandId"])["CommandInvocations"]:
                    whole = ssm.get_command_invocation(CommandId=command["CommandId"], InstanceId=invocation["InstanceId"])
                    for text in unfolded("\n".join([*command["Parameters"]["commands"], json.dumps(command["Parameters"]), command.get("Comment", ""), whole["StandardOutputContent"], whole["StandardErrorContent"]])):
                        print(text)
            print(len(commands), "commands")
            """#
        let python = "\(ProcessInfo.processInfo.environment["CUTOVER_PYTHON"] ?? "\(stage.places.repository)/.build/python")/bin/python3"
        let asking = try await RunningProgram.start(python, ["-c", script], environment: stage.ssm, folder: stage.folder, log: "\(stage.logs)/history")
        let ended = try await asking.ended(within: 300)
        // Its own words are found: an operation's answer, unfolded.
        try expect(ended.code == 0 && ended.out.contains("cutover1 ") && ended.out.contains(" commands"), "what Systems Manager keeps can't be read: \(ended.said)")
        return ended.out
    }

    private static func search(_ stage: Stage, for secrets: [String], inEnv: Int) throws {
        func found(_ files: [String]) -> [String] {
            files.flatMap { file -> [String] in
                guard let bytes = FileManager.default.contents(atPath: file) else { return [] }
                return secrets.filter { bytes.range(of: Data($0.utf8)) != nil }.map { "\(file): \($0)" }
            }
        }
        func below(_ folder: String, _ wanted: (String) -> Bool) -> [String] {
            (FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []).filter(wanted).map { "\(folder)/\($0)" }
        }
        // The search does find what is there.
        try expect(Set(found([stage.env("acme")]).map { $0.split(separator: " ").last ?? "" }).count == inEnv, "the env file holds only \(found([stage.env("acme")]))")
        let records = below(stage.root) { $0.hasPrefix("cutover.db") } + ["\(stage.folder)/export.jsonl"]
        let printed = below(stage.logs) { $0.contains("-cutoverctl-") }
        // The plugin's own log is the plugin's own.
        let remote = below(stage.host("acme")) { !$0.hasPrefix("bin/") && $0 != "sidecar.log" }
        for (what, files, least) in [("the journal", records, 2), ("what was printed", printed, 20), ("the host's records", remote, 10)] {
            try expect(files.count >= least, "\(what) is only \(files)")
            let leaks = found(files)
            try expect(leaks.isEmpty, "\(what) holds \(leaks)")
        }
    }
}
