import ArgumentParser
import Cutover
import Foundation
import Phases

struct Host: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What runs on a tenant's host.", discussion: "Run by cutoverctl on the hosts of tenants, not by hand; but for progress, and for not-now: nothing begins on this host for that time.", shouldDisplay: false)

    @Argument(help: "reading, exercising or writing, with the request on standard input; or watch; or work; or progress; or not-now.")
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
    @Option(name: .customLong("for"), help: "How long nothing is to begin here, such as 2h (for not-now).")
    var length: String?
    @Option(help: "Why; the fleet's people read it (for not-now).")
    var reason: String?
    @Flag(help: "Take the word back (for not-now).")
    var lift = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if work == "not-now" {
            guard state != nil else { throw ValidationError("not-now wants --state, the folder that the fleet file names for the tenant") }
            guard lift || (length.flatMap { Duration(shortForm: $0) } != nil && reason?.isEmpty == false) else { throw ValidationError("not-now wants --for 2h and --reason TEXT, or --lift") }
        } else if length != nil || reason != nil || lift { throw ValidationError("--for, --reason and --lift go with not-now") }
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
        case "not-now":
            let seconds = lift ? nil : length.flatMap { Duration(shortForm: $0) }.map { Int($0.components.seconds) }
            do { try HostSide.notNow(state: state ?? "", forSeconds: seconds, reason: reason ?? "") } catch {
                Console.standard.complain(CommandFailure("the word could not be left here", why: "\(error)", next: "check --state and whose folder it is"))
                throw ExitCode(CommandExit.failed.rawValue)
            }
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
