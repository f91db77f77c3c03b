import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// Keys that a program prints. Its words on standard error are its own: they are not repeated, for nobody knows what they hold.
struct ProcessCredentials: Sendable {
    private static let seconds = 60
    let command: String
    let environment: [String: String]

    func fetch() async throws(AWSCredentialFailure) -> AWSCredentials {
        guard let words = ShellWords.split(command), let name = words.first else { throw AWSCredentialFailure("credential_process is no command: \(command)") }
        let work = Task { try await Self.run(name, Array(words.dropFirst()), environment) }
        let clock = Task {
            try await Task.sleep(for: .seconds(Self.seconds))
            work.cancel()
        }
        defer { clock.cancel() }
        let output: String
        do {
            let (code, said) = try await withTaskCancellationHandler { try await work.value } onCancel: { work.cancel() }
            guard code == 0 else { throw AWSCredentialFailure("the credential_process \(name) ended with \(code): run it by hand to see why") }
            output = said
        } catch let failure as AWSCredentialFailure { throw failure } catch { throw AWSCredentialFailure("the credential_process \(name) could not be run, or took longer than \(Self.seconds) s") }
        return try read(output, name)
    }

    // MARK: - Non public

    private static func run(_ name: String, _ words: [String], _ environment: [String: String]) async throws -> (Int, String) {
        let variables = Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) })
        let executable: Executable = name.contains("/") ? .path(FilePath(name)) : .name(name)
        let result = try await Subprocess.run(executable, arguments: Arguments(words), environment: .custom(variables), output: .string(limit: 1 << 16), error: .discarded)
        switch result.terminationStatus {
        case .exited(let code): return (Int(code), result.standardOutput)
        case .signaled(let signal): return (128 + Int(signal), "")
        }
    }

    private struct Said: Decodable {
        let version: Int?
        let id: String?
        let secret: String?
        let token: String?
        let expires: String?
        enum CodingKeys: String, CodingKey { case version = "Version", id = "AccessKeyId", secret = "SecretAccessKey", token = "SessionToken", expires = "Expiration" }
    }

    private func read(_ output: String, _ name: String) throws(AWSCredentialFailure) -> AWSCredentials {
        guard let said = try? JSONDecoder().decode(Said.self, from: Data(output.utf8)) else { throw AWSCredentialFailure("what the credential_process \(name) prints is no JSON of keys") }
        guard said.version == 1 else { throw AWSCredentialFailure("the credential_process \(name) speaks version \(said.version.map(String.init) ?? "none"), and not 1") }
        guard let id = said.id, let secret = said.secret else { throw AWSCredentialFailure("the credential_process \(name) prints no AccessKeyId and SecretAccessKey") }
        let expires = said.expires.flatMap(AWSTime.date)
        if said.expires != nil, expires == nil { throw AWSCredentialFailure("the credential_process \(name) prints an Expiration that is no time") }
        return AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: said.token, expires: expires)
    }
}
