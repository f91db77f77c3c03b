import Cutover
import Foundation
import Journals
import Phases
import PlanFiles
import Transports

/// The only place where the rooms are joined: plan, fleet, journal, catalogue, transports, clock and chance become an engine.
struct Wiring: Sendable {
    static let catalog = MemoryCatalog.catalog
    static let time = SystemTime()
    static let random = SystemRandom()

    let inputs: Inputs
    private let console: Console

    init(_ options: InputOptions, _ console: Console) throws(CommandFailure) {
        let beside = FileManager.default.fileExists(atPath: "cutover.yaml") ? InputsFile.read(path: "cutover.yaml") : (nil, [])
        if !beside.1.isEmpty { throw CommandFailure(beside.1, in: "file cutover.yaml", next: "correct it, or move it away and name --plan, --fleet and --journal") }
        self.inputs = Inputs(options, variables: ProcessInfo.processInfo.environment, beside: beside.0) { FileManager.default.fileExists(atPath: $0) }
        self.console = console
    }

    /// - Parameter withoutTenants: one that lists none yet will do.
    func fleet(withoutTenants: Bool = false) throws(CommandFailure) -> Fleet {
        guard let path = inputs.fleet else {
            throw CommandFailure(
                "no fleet is named", why: "neither --fleet nor CUTOVER_FLEET nor a cutover.yaml names one, and \(Inputs.labFleet) is not there",
                next: "add --fleet FILE, or start a lab: cutoverctl lab up", status: .failed)
        }
        let (fleet, problems) = FleetFile.read(path: path, withoutTenants: withoutTenants)
        guard let fleet else { throw CommandFailure(problems, in: "fleet", next: "correct \(path), or name another with --fleet FILE") }
        return fleet
    }

    func plan(for fleet: Fleet) throws(CommandFailure) -> Plan {
        guard let path = inputs.plan else {
            throw CommandFailure(
                "no plan is named", why: "neither --plan nor CUTOVER_PLAN nor a cutover.yaml names one", next: "add --plan FILE, such as --plan Plans/lab.yaml")
        }
        let (plan, problems) = PlanFile.read(path: path, catalog: Self.catalog, fleet: fleet)
        guard let plan else { throw CommandFailure(problems, in: "plan", next: "correct \(path), then cutoverctl lint \(path)") }
        return plan
    }

    /// What may happen when the journal's file is not there.
    enum Missing { case begin, standIn, refuse }

    func journal(ifMissing: Missing) throws(CommandFailure) -> any Journal {
        if ifMissing == .standIn, let folder = unbegunFolder, FileManager.default.fileExists(atPath: folder) {
            return standIn()
        }
        do { return try openJournal(inputs.journal, create: ifMissing == .begin, random: Self.random) } catch { throw CommandFailure(error) }
    }

    /// A copy of the journal in a file, read back.
    func backUp(to path: String) async throws(CommandFailure) -> (JournalID, JournalAudit) {
        let journal = try journal(ifMissing: .refuse)
        do {
            let backup = try await JournalBackup.write(journal, to: path)
            return (backup.journal, backup.audit)
        } catch { throw CommandFailure(error) }
    }

    /// The journal's schema; taken to another one first, where that is asked for.
    func schema(movedTo wanted: Int?) async throws(CommandFailure) -> (current: Int, newest: Int) {
        let journal = try journal(ifMissing: .refuse)
        do {
            if let wanted { try await JournalSchema.move(journal, to: wanted) }
            let schema = try await JournalSchema.read(journal)
            return (schema.current, schema.newest)
        } catch { throw CommandFailure(error) }
    }

    private func standIn() -> any Journal {
        // A database's address may hold a password.
        console.note("there is no journal\(inputs.journal.contains("://") ? " in the database" : " at \(inputs.journal)") yet: nothing has been begun")
        return UnbegunJournal()
    }

    /// The folder of a journal file that is not there; nil when it is there or is no file.
    private var unbegunFolder: String? {
        let path = inputs.journal.hasPrefix("sqlite:") ? String(inputs.journal.dropFirst(7)) : inputs.journal
        guard path == inputs.journal || !path.hasPrefix("//"), !path.contains("://"), !FileManager.default.fileExists(atPath: path) else { return nil }
        return URL(filePath: path).deletingLastPathComponent().path
    }

    func person() throws(CommandFailure) -> OperatorID {
        let account = NSUserName()
        if let name = inputs.person ?? (account.isEmpty ? nil : account), !name.isEmpty { return OperatorID(name) }
        throw CommandFailure(
            "nobody is named as the operator", why: "the journal records who did what, and this process has no account name", next: "add --as NAME",
            status: .usage)
    }

    /// How hosts are reached, by the fleet file's word.
    var roads: [String: any Transport] {
        let variables = ProcessInfo.processInfo.environment
        return [
            "local": LocalTransport(program: ThisProgram.path, bundles: inputs.bundle),
            "ssh": SSHTransport(program: ThisProgram.path, bundles: inputs.bundle, settings: SSHSettings(environment: variables)),
            "ssm": SSMTransport(
                program: ThisProgram.path, bundles: inputs.bundle, settings: SSMSettings(environment: variables),
                credentials: AWSCredentialChain(environment: variables)),
        ]
    }

    /// What Systems Manager lists, in these regions besides the operator's own.
    var systemsManager: @Sendable (Set<String>) async throws -> Inventory {
        let variables = ProcessInfo.processInfo.environment
        let instances = SSMInstances(settings: SSMSettings(environment: variables), credentials: AWSCredentialChain(environment: variables))
        return { regions in
            Inventory(
                source: .ssm,
                instances: try await instances.list(in: regions).map {
                    let state = $0.ping ?? "Online"
                    return Inventory.Instance(
                        tenant: nil, organisation: nil, instance: $0.id, addresses: [$0.computer, $0.address].compactMap { $0 }, state: state, isUp: state == "Online", region: $0.region)
                })
        }
    }

    var holdFile: HoldFile { HoldFile(inputs, variables: ProcessInfo.processInfo.environment) }

    /// - Parameter asking: a command that records nothing needs no name.
    func site(ifMissing: Missing, asking: Bool) async throws(CommandFailure) -> Site {
        let fleet = try fleet()
        let plan = try plan(for: fleet)
        var journal = try journal(ifMissing: ifMissing)
        do { if ifMissing == .standIn, try await !isBegun(journal) { journal = standIn() } } catch { throw CommandFailure(error) }
        let roads = roads
        let holdFile = holdFile
        let engine = Engine(
            plan: plan, fleet: fleet, catalog: Self.catalog, journal: journal, time: Self.time, me: asking ? OperatorID(inputs.person ?? "-") : try person(),
            holder: ProcessName.holder()
        ) { roads[$0.transport] }.stopped(by: { holdFile.read() })
        do throws(EngineError) {
            return Site(engine: engine, choice: TenantChoice(fleet: fleet, plan: plan, opened: try await engine.fleetStanding().waves))
        } catch { throw CommandFailure(error) }
    }

    /// Everything a command works with.
    struct Site: Sendable {
        let engine: Engine
        let choice: TenantChoice
        var plan: Plan { engine.plan }
        var fleet: Fleet { engine.fleet }
        var journal: any Journal { engine.journal }
    }
}
