import ArgumentParser
import Cutover

struct JournalSchemaCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Tells which schema the journal stands on, or takes it to another one, forward or back.",
        discussion: """
            The first write of a newer build takes a journal to its own schema; an older build refuses it then. To go back to that build, take the journal
            back with the newer one, --to the older one's schema, and end every process of the newer build first: its next write would take the journal
            forward again. Events, heads and leases stay as they are.
            """)

    @Option(help: "The schema to take it to.")
    var to: Int?
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let to, to < 1 { throw ValidationError("--to is a schema's number, from 1 on") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let wiring = try Wiring(inputs, console)
        let before = try await wiring.schema(movedTo: nil)
        let now = if let to { try await wiring.schema(movedTo: to) } else { before }
        let view = SchemaView(was: before.current, schema: now.current, newest: now.newest)
        console.show(output.json ? try view.json() : view.human)
        return .done
    }
}
