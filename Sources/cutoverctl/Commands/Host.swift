import ArgumentParser
import Cutover
import Foundation
import Phases

struct Host: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What runs on a tenant's host.", discussion: "Run by cutoverctl on the hosts of tenants, not by hand; but for progress.", shouldDisplay: false)

    @Argument(help: "reading, exercising or writing, with the request on standard input; or watch; or work; or progress.")
    var work: String
    @Option(help: "The folder on this host that belongs to the tenant's migration (for watch, work and progress).")
    var state: String?
    @Option(help: "The env file of this host (for watch, work and progress).")
    var env: String?
    @Option(help: "The tenant (for watch, work and progress).")
    var tenant: String?
    @Option(help: "Which work was ordered (for work).")
    var name: String?
    @Option(help: "One line every so many seconds, until the copy is done (for progress).")
    var every: Int?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let every, !(1...3600).contains(every) { throw ValidationError("--every is a number of seconds, at most an hour") }
        if every != nil, work != "progress" { throw ValidationError("--every goes with progress") }
    }

    func run() async throws {
        switch work {
        case "watch":
            guard let state, let env, let tenant else { throw ValidationError("watch wants --state, --env and --tenant") }
            throw ExitCode(await HostSide.watch(state: state, env: env, tenant: tenant))
        case "work":
            guard let name, let state, let env, let tenant else { throw ValidationError("work wants --name, --state, --env and --tenant") }
            throw ExitCode(await HostSide.work(name, state: state, env: env, tenant: tenant))
        case "progress": try await progress()
        default:
            let input = (try? FileHandle.standardInput.readToEnd()) ?? Data()
            let (line, exitCode) = await HostSide.serve(work, input: Array(input))
            Console.standard.show(line)
            throw ExitCode(exitCode)
        }
    }

    private func progress() async throws {
        guard let state, let env else { throw ValidationError("progress wants --state and --env") }
        while true {
            let told = try await HostSide.progress(state: state, env: env, tenant: tenant ?? "-")
            let view = WatchView(tenant: TenantID(tenant ?? URL(filePath: state).lastPathComponent), told: told)
            Console.standard.show(output.json ? (every == nil ? try view.json() : try view.jsonLine()) : view.human())
            guard let every, told.work != nil || told.report?.copy.done != true else { return }
            try await Task.sleep(for: .seconds(every))
        }
    }
}
