import ArgumentParser
import Cutover
import Foundation
import Host

struct JournalCheckpointCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint", abstract: "Signs where every stream stands, or checks that nothing was changed since such a checkpoint.",
        discussion: """
            Whoever can edit the journal can compute its hashes anew, and `journal verify` finds nothing then. A checkpoint that is kept where he can't reach it
            shows it: one line of JSON, hashes and no events, signed with your key. Checked, the journal (or --from, an export of it) must hold the
            chain up to there, and each stream must still pass through the event that it stood at (exit 1 where not).
            """)

    @Argument(help: "The checkpoint's file: made anew, or, with --check, read.")
    var file: String
    @Flag(help: "Hold the journal against this checkpoint.")
    var check = false
    @Option(help: "With --check: an export instead of the journal itself.")
    var from: String?
    @Option(help: "With --check: the file with the public line of whose checkpoint it has to be.")
    var signer: String?
    @Option(help: "Your key file (or CUTOVER_KEY).")
    var key: String?
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !check, from != nil || signer != nil { throw ValidationError("--from and --signer go with --check") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let wiring = try Wiring(inputs, console)
        let opened: JournalRecords
        if let from { opened = try ExportFile.read(from) } else { opened = try await wiring.journal(ifMissing: .refuse).records() }
        let checkpoint = check ? try read() : try make(opened, by: try wiring.person())
        let flaws = (checkpoint.isSigned ? checkpoint.flaws(in: opened) : []) + JournalAudit(opened).flaws
        let view = CheckpointView(file: file, checkpoint: checkpoint, flaws: flaws, isSignedAsTold: try checkpoint.isSigned && isByTheSigner(checkpoint), isNew: !check)
        console.show(output.json ? try view.json() : view.human(console.paint))
        return view.status
    }

    private func make(_ opened: JournalRecords, by person: OperatorID) throws -> JournalCheckpoint {
        guard let path = key ?? ProcessInfo.processInfo.environment["CUTOVER_KEY"], !path.isEmpty else {
            throw CommandFailure("nobody signs the checkpoint", why: "neither --key nor CUTOVER_KEY names a key", next: "add --key FILE, or make one: cutoverctl key new --out FILE --as NAME", status: .usage)
        }
        let checkpoint = try JournalCheckpoint(opened, at: Wiring.time.now, by: person, key: try KeyFile.read(path))
        do { try DurableFile.create(try CanonicalJSON.text(checkpoint) + "\n", at: file) } catch {
            throw CommandFailure("the checkpoint can't be written", why: "\(error)", next: "name a file that is not there yet, in a folder that is yours")
        }
        return checkpoint
    }

    private func read() throws(CommandFailure) -> JournalCheckpoint {
        guard let bytes = FileManager.default.contents(atPath: file), let checkpoint = try? CanonicalJSON.value(JournalCheckpoint.self, from: String(decoding: bytes, as: UTF8.self)) else {
            throw CommandFailure("\(file) is no checkpoint", why: "it is not there, not readable, or not what `journal checkpoint` writes", next: "cutoverctl journal checkpoint FILE --key KEY")
        }
        return checkpoint
    }

    private func isByTheSigner(_ checkpoint: JournalCheckpoint) throws(CommandFailure) -> Bool {
        guard let signer else { return true }
        guard let bytes = FileManager.default.contents(atPath: signer), let known = VerifyingKey(String(decoding: bytes, as: UTF8.self)) else {
            throw CommandFailure("\(signer) is no public key", why: "it has to hold one line `ssh-ed25519 …`", next: "name the line that `cutoverctl key new` printed")
        }
        return known == checkpoint.key
    }
}
