import ArgumentParser
import Cutover
import Foundation
import Host

struct JournalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal", abstract: "Checks the record, reports on it, or takes it elsewhere.",
        subcommands: [
            JournalVerify.self, JournalReport.self, JournalExportCommand.self, JournalBackupCommand.self, JournalRebuildCommand.self, JournalCheckpointCommand.self,
            JournalSchemaCommand.self,
        ])
}

struct JournalVerify: Command {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Checks every event against the chain, and names each that was edited, removed or inserted.",
        discussion: """
            What people signed is held against the plans that the journal keeps. Approvals, attestations and waivers that do not fit are told: they never
            counted. What somebody gave up without a signature that fits is a flaw, as a broken chain is (exit 1). Nothing but the journal, or
            an export of it, is asked.
            """)

    @Option(help: "Check this export instead of the journal itself.")
    var from: String?
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
        let opened = try await records(console)
        let view = AuditView(journal: opened.journal, audit: JournalAudit(opened), signatures: SignatureAudit(opened))
        console.show(output.json ? try view.json() : view.human(console.paint))
        return view.status
    }

    private func records(_ console: Console) async throws -> JournalRecords {
        if let from { return try ExportFile.read(from) }
        return try await Wiring(inputs, console).journal(ifMissing: .refuse).records()
    }
}

struct JournalExportCommand: Command {
    static let configuration = CommandConfiguration(commandName: "export", abstract: "Writes the whole journal as JSON lines.")

    @Argument(help: "Where to; standard output when left out.")
    var file: String?
    @OptionGroup var inputs: InputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
        let opened = try await Wiring(inputs, console).journal(ifMissing: .refuse).records()
        let text = try JournalExport.text(opened)
        guard let file else {
            console.show(JSONText.escaped(text))
            return .done
        }
        do { try DurableFile.write(text, to: file) } catch {
            throw CommandFailure("the export can't be written", why: "\(error)", next: "name a file in a folder that is yours")
        }
        console.note("\(opened.records.count) events written to \(file); check it with cutoverctl journal verify --from \(file)")
        return .done
    }
}
