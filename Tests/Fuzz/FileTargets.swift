#if DEBUG
    @testable import Cutover
    import Foundation
    @testable import Host
    import Phases
    @testable import PlanFiles

    /// What people write and keep.
    extension Target {
        static let files: [Target] = [
            Target(name: "plan", words: yaml) { bytes in
                _ = PlanFile.read(text: text(bytes), path: "plan.yaml", catalog: MemoryCatalog.catalog)
            },
            Target(name: "fleet", words: yaml) { bytes in
                _ = FleetFile.read(text: text(bytes), path: "fleet.yaml")
                _ = FleetFile.read(text: text(bytes), path: "fleet.yaml", withoutTenants: true)
            },
            Target(name: "inputs", words: yaml) { bytes in _ = InputsFile.read(text: text(bytes), path: "cutover.yaml") },
            Target(name: "keys", words: yaml + ["ssh-ed25519 ", "AAAAC3NzaC1lZDI1NTE5AAAAI"]) { bytes in
                let folder = Sandbox.folder("keys")
                try? Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/keys.yaml"))
                _ = PlanFile.read(text: "cutover: 1\nkeys: keys.yaml\n", path: "\(folder)/plan.yaml", catalog: MemoryCatalog.catalog)
            },
            Target(name: "file", words: yaml) { bytes in
                let path = "\(Sandbox.folder("file"))/any.yaml"
                try? Data(bytes).write(to: URL(fileURLWithPath: path))
                _ = FleetFile.read(path: path)
            },
            Target(name: "env", words: ["=", "\"", "'", "#", "export ", "env:", "\u{0}", "postgres://u:p@h/d?password=x", "password = '", "\r\n", "SECRET=", "ENVIRONMENT_CONTAINER="]) { bytes in
                let env = EnvFile(path: "/nowhere/env", text: text(bytes))
                let variables = env.variables
                for key in variables.keys.prefix(20) {
                    _ = env[key]
                    _ = env.setting(key, to: "x").setting(key, to: nil).text
                }
                _ = env.setting("NEW", to: "y").text
                let redaction = Redaction(env)
                _ = redaction.clean(String(text(bytes).prefix(20_000)))
                _ = redaction.clean(json: "{\"a\":\"\(variables.values.first ?? "")\"}")
            },
            Target(name: "key", words: ["-----BEGIN OPENSSH PRIVATE KEY-----\n", "-----END OPENSSH PRIVATE KEY-----", "ssh-ed25519 ", "b3BlbnNzaC1rZXktdjEA", "AAAA", "/////w=="]) { bytes in
                _ = try? SigningKey(file: text(bytes))
                if let key = VerifyingKey(text(bytes)) { _ = key.isValid(text(bytes), over: key.fingerprint) }
                _ = try? JSONDecoder().decode(Approver.self, from: Data(bytes))
            },
            Target(name: "preview", words: json) { bytes in
                _ = (try? JSONDecoder().decode(SavedPreview.self, from: Data(bytes)))?.isWhole
                _ = (try? JSONDecoder().decode(SavedAdoption.self, from: Data(bytes)))?.isWhole
                if let plan = try? JSONDecoder().decode(Plan.self, from: Data(bytes)) { _ = plan.steps.map(\.place) }
            },
            Target(name: "words", words: ["2026-01-01T00:00:00.000Z", "-", " ", "9223372036854775807", "30d", "ms", "/", "counted "]) { bytes in
                for line in text(bytes).split(separator: "\n").prefix(1000).map(String.init) {
                    _ = Timestamp(line).map { $0.adding(seconds: 1_000_000_000).description }
                    _ = Duration(shortForm: line).map { Int($0.components.seconds) * 1000 }
                    _ = ClockSkew(line)?.words
                    _ = Stretch(line)?.words
                    _ = StepRef(line)?.place
                    _ = HostWords.hasPlainNumbers(line)
                }
                _ = HostWords.taken(text(bytes))
                _ = SecretShapes.kind(of: text(bytes))
            },
        ]

        static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    }

    /// A folder of this process alone, for what reads files.
    enum Sandbox {
        static func folder(_ name: String) -> String {
            let path = "\(NSTemporaryDirectory())/fuzz-box-\(getpid())/\(name)"
            try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            return path
        }

        static func clear() { try? FileManager.default.removeItem(atPath: "\(NSTemporaryDirectory())/fuzz-box-\(getpid())") }
    }
#endif
