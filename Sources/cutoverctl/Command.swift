import ArgumentParser
import Cutover

/// A subcommand: its flags, and one call that carries it out and answers with an exit status.
protocol Command: AsyncParsableCommand {
    func carryOut(_ console: Console) async throws -> CommandExit
}

extension Command {
    func run() async throws {
        let console = Console.standard
        let status: CommandExit
        do {
            status = try await carryOut(console)
        } catch {
            // Usage errors are ArgumentParser's own to print.
            guard let failure = CommandFailure(any: error) else { throw error }
            console.complain(failure)
            status = failure.status
        }
        if status != .done { throw ExitCode(status.rawValue) }
    }
}

extension CommandFailure {
    init?(any error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as EngineError: self.init(error)
        case let error as JournalError: self.init(error)
        case let failure as StepFailure: self.init(failure)
        default: return nil
        }
    }
}
