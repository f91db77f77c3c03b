import ArgumentParser
import Foundation

struct Host: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What runs on a tenant's host.", discussion: "Run by cutoverctl on the hosts of tenants, not by hand.", shouldDisplay: false)

    @Argument(help: "reading, exercising or writing, with the request on standard input; or watch.")
    var work: String
    @Option(help: "The folder on this host that belongs to the tenant's migration (for watch).")
    var state: String?
    @Option(help: "The env file of this host (for watch).")
    var env: String?
    @Option(help: "The tenant (for watch).")
    var tenant: String?

    func run() async throws {
        if work == "watch" {
            guard let state, let env, let tenant else { throw ValidationError("watch wants --state, --env and --tenant") }
            throw ExitCode(await HostSide.watch(state: state, env: env, tenant: tenant))
        }
        let input = (try? FileHandle.standardInput.readToEnd()) ?? Data()
        let (line, exitCode) = await HostSide.serve(work, input: Array(input))
        Console.standard.show(line)
        throw ExitCode(exitCode)
    }
}
