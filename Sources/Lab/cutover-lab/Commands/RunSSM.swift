import ArgumentParser
import LabKit

/// What the process of a lab's SSM endpoint runs; people type `up --transport ssm`.
struct RunSSM: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run-ssm", shouldDisplay: false)

    @OptionGroup var lab: LabRoot

    @Argument(help: "Whose hosts they are: so that it is seen when there are others.")
    var tenants: [String] = []

    func run() async throws {
        let ssm = try await SSMProgram(root: lab.root).start()
        await StopSignal.wait()
        await ssm.stop()
    }
}
