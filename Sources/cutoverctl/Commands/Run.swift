import ArgumentParser
import Cutover
import Foundation
import Logging
import Metering

struct Run: Command {
    static let configuration = CommandConfiguration(
        abstract: "The loop: advances what may advance, wave by wave, until everything is done or only people can help.",
        discussion: """
            It rests until something can change: a clock's end, a bake's, another operator's lease, a record in the journal, a hold file. Every day it
            looks whether what was finished is still there, and records what is not. With --unattended it waits for people and for a journal out of
            reach as well, and ends when all is done or it is told to (SIGTERM, Ctrl-C): for a service manager, whose unit `--unit` prints.
            """)

    @Flag(name: .customLong("no-wait"), help: "Stop when only clocks are left to wait for.")
    var noWait = false
    @Option(help: "How many seconds to go on asking gates that nothing but time may open.")
    var patience = 60
    @Flag(help: "Go on until all is done or it is told to stop: wait for people, too.")
    var unattended = false
    @Option(help: "How to say what happens: text, or json (log lines on standard error).")
    var log = LogForm.text
    @Option(help: "Serve metrics for Prometheus there, at /metrics: HOST:PORT, such as 127.0.0.1:9464.")
    var metrics: String?
    @Flag(name: .customLong("metrics-open"), help: "Let --metrics name an address that other machines can reach: whoever reads it learns how the rollout goes.")
    var metricsOpen = false
    @Flag(help: "Print a unit file for systemd that runs this in the current folder, and do nothing else.")
    var unit = false
    @OptionGroup var stream: StreamOptions
    @OptionGroup var inputs: InputOptions

    func validate() throws {
        if patience < 0 || patience > 86_400 { throw ValidationError("--patience is a number of seconds, at most a day") }
        if unattended, noWait { throw ValidationError("--unattended waits for everything, and --no-wait for no clock: choose one") }
        guard let metrics else { return }
        guard let address = MetricsAddress(metrics) else { throw ValidationError("--metrics wants HOST:PORT, such as 127.0.0.1:9464; \(metrics) is none") }
        if !address.isLoopback, !metricsOpen {
            throw ValidationError("--metrics \(metrics) can be reached from other machines, and nobody who reads it is asked who he is: name 127.0.0.1, or add --metrics-open")
        }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        if unit {
            console.show(RunUnit.text(program: ThisProgram.path, folder: FileManager.default.currentDirectoryPath))
            return .done
        }
        let wiring = try Wiring(inputs, console)
        let site = try await wiring.site(ifMissing: .begin, asking: false)
        let interrupts = Interrupts(alsoTermination: true, asJSON: log == .json)
        let teller = teller(console)
        let tenants = try await tenants(site, teller)
        try await PlanGuard(journal: site.journal, plan: site.plan).requireAdopted(tenants)

        let hooks = try await Hooks(wiring.inputs.hooks, site, journal: wiring.inputs.journal) { teller.note($0, level: .warning) }
        var manner = manner(wiring, interrupts, teller)
        manner.heard = { hooks?.wake() }
        let loop = Loop(site: site, console: console, jsonLines: stream.jsonLines, interrupts: interrupts, teller: teller)
        let terms = Loop.Terms(byWaves: true, waitForClocks: !noWait, patienceSeconds: patience, manner: manner)
        let (plan, account, bell) = (site.plan, manner.account, manner.bell)
        let view: @Sendable () -> RunView = { RunView(plan: plan, picture: account.picture(Wiring.time.now), tenants: tenants, now: Wiring.time.now) }
        let serving = try await serve(RunMeters(plan: plan, tenants: tenants), account, teller)
        defer { serving?.cancel() }
        teller.begins("\(tenants.count) tenants")
        let looking = Task {
            var hasStopped = false
            while !Task.isCancelled {
                if interrupts.isStopping, !hasStopped {
                    teller.stops()
                    hasStopped = true
                }
                teller.look(view(), account) { bell?.ring() }
                try await Wiring.time.sleep(milliseconds: teller.pace)
            }
        }
        defer { looking.cancel() }
        let outcomes: [TenantID: FleetRun.Outcome]
        do { outcomes = try await loop.run(tenants, terms) } catch {
            await hooks?.end()
            throw error
        }
        await hooks?.end()
        looking.cancel()
        teller.stops()
        teller.ends(view())
        let status = loop.status(outcomes, of: tenants)
        // Told to stop it did as it was told: what tenants wait for, or failed with, is no fault of a service.
        return unattended && interrupts.isStopping && status != .done ? .partlyDone : status
    }

    /// Nil where no metrics are wanted. Returns when they are served.
    private func serve(_ meters: RunMeters, _ account: RunAccount, _ teller: RunTeller) async throws(CommandFailure) -> Task<Void, Never>? {
        guard let address = metrics.flatMap({ MetricsAddress($0) }) else { return nil }
        let front = MetricsFront(address: address) { meters.scrape(account, now: Wiring.time.now) }
        let (news, tell) = AsyncStream.makeStream(of: Result<Int, CommandFailure>.self)
        let serving = Task {
            do {
                try await front.serve { tell.yield(.success($0)) }
            } catch {
                tell.yield(.failure(CommandFailure("metrics can't be served at \(address)", why: "\(error)", next: "name another --metrics HOST:PORT, or see who has that one")))
            }
            tell.finish()
        }
        for await first in news {
            let port = try first.get()
            teller.note("metrics are at http://\(MetricsAddress(host: address.host, port: port))/metrics")
            break
        }
        return serving
    }

    private func teller(_ console: Console) -> RunTeller {
        let variables = ProcessInfo.processInfo.environment
        let logger = Logger(label: "cutoverctl.run") { label in JSONLog(label: label, now: { Wiring.time.now.description }) { console.log($0) } }
        let foot = log == .text && !stream.jsonLines ? LiveFoot.onStandardError(variables) : nil
        return RunTeller(console, form: log, jsonLines: stream.jsonLines, foot: foot, manager: ServiceManager(variables), logger: logger)
    }

    /// All in the plan's waves that nobody has given up.
    private func tenants(_ site: Wiring.Site, _ teller: RunTeller) async throws -> [TenantID] {
        let chosen = try site.choice.tenants([], wave: nil)
        let abandoned = Set(try await site.journal.statuses().filter { $0.abandoned?.contains { $0.step == nil } ?? false }.map(\.tenant))
        let tenants = chosen.filter { !abandoned.contains($0) }
        for tenant in chosen where abandoned.contains(tenant) { teller.note("\(tenant) was abandoned and is left out: cutoverctl why \(tenant)") }
        guard !tenants.isEmpty else {
            throw CommandFailure("no tenant is selected", why: "all in the plan's waves were abandoned", next: "cutoverctl status")
        }
        let outside = site.fleet.tenants.map(\.id).filter { !chosen.contains($0) }
        if !outside.isEmpty { teller.note("in no wave of this plan: \(outside.map(\.text).joined(separator: ", "))") }
        return tenants
    }

    private func manner(_ wiring: Wiring, _ interrupts: Interrupts, _ teller: RunTeller) -> FleetRun.Manner {
        var manner = FleetRun.Manner()
        let bell = Bell()
        let journal = Doorbell.file(ofJournal: wiring.inputs.journal)
        let doorbell = Doorbell(bell, files: [journal, wiring.holdFile.path].compactMap { $0 }, interrupts)
        manner.bell = bell
        // Of a journal elsewhere, or where files do not tell that they changed, nobody is told: it is asked.
        if journal == nil || !doorbell.hearsFiles { manner.longestRestMilliseconds = 1000 }
        manner.isUnattended = unattended
        manner.rechecks = { teller.drift($0, $1) }
        return manner
    }
}

extension LogForm: ExpressibleByArgument {}
