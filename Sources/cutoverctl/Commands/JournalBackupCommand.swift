import ArgumentParser
import Cutover

struct JournalBackupCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copies the journal to a file while others go on writing, and checks the copy.",
        discussion: """
            The copy is a journal in SQLite, of a journal in PostgreSQL too, with the leases' numbers and the same identity: name it with --journal, and it
            goes on from there. Nothing is overwritten. A copy in whose chain there is a flaw is kept, and told (exit 1): the journal has it as well.
            """)

    @Argument(help: "The file to write. It must not be there yet.")
    var file: String
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func carryOut(_ console: Console) async throws -> CommandExit {
        let (journal, audit) = try await Wiring(inputs, console).backUp(to: file)
        let view = BackupView(file: file, journal: journal, audit: audit)
        console.show(output.json ? try view.json() : view.human(console.paint))
        return audit.flaws.isEmpty ? .done : .failed
    }
}
