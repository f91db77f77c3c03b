import ArgumentParser
import Cutover
import Foundation
import Host

struct KeyCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "The key with which you sign approvals.", subcommands: [KeyNew.self])

    func carryOut(_ console: Console) async throws -> CommandExit { throw CleanExit.helpRequest(self) }
}

struct KeyNew: Command {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Makes an Ed25519 key in OpenSSH's form; prints the public line for the plan's keys file.")

    @Option(help: "Where the private key goes. It must not be there yet.")
    var out: String
    @Option(name: .customLong("as"), help: "Who you are: the name under which the plan knows you.")
    var person: String

    func carryOut(_ console: Console) async throws -> CommandExit {
        let key = SigningKey()
        do { try DurableFile.create(key.file(comment: person), at: out) } catch {
            throw CommandFailure("no key was made", why: "\(error)", next: "name another file with --out")
        }
        console.note("\(out) is yours alone; the line below goes into the plan's keys file, under your name")
        console.show("\(key.verifying) \(person)")
        return .done
    }
}

/// The key file that a command names, read.
enum KeyFile {
    static func read(_ path: String) throws(CommandFailure) -> SigningKey {
        func failure(_ why: String, _ next: String) -> CommandFailure { CommandFailure("\(path) can't be signed with", why: why, next: next) }
        var facts = stat()
        guard stat(path, &facts) == 0, let bytes = FileManager.default.contents(atPath: path) else {
            throw failure("it can't be read", "name your key with --key FILE, or make one: cutoverctl key new --out FILE --as NAME")
        }
        guard facts.st_mode & 0o077 == 0 else { throw failure("others than you can read it", "chmod 600 \(path)") }
        do { return try SigningKey(file: String(decoding: bytes, as: UTF8.self)) } catch {
            switch error {
            case .notAKey: throw failure("it is no private key of OpenSSH's form", "name your key with --key FILE")
            case .encrypted: throw failure("it asks for a passphrase", "make a key for approvals alone: cutoverctl key new --out FILE --as NAME")
            case .otherKind(let kind): throw failure("it is a key of the kind \(kind), and approvals are signed with ssh-ed25519", "ssh-keygen -t ed25519")
            }
        }
    }
}
