import ArgumentParser
import Cutover
import Foundation

struct Attest: Command {
    static let configuration = CommandConfiguration(
        abstract: "Attests that an external blocker is closed, or attaches the evidence of a stage, by its digest.",
        usage: "cutoverctl attest (TENANT | --wave W) (--blocker NAME | --stage A|B|C --evidence FILE) --reason TEXT [--key FILE]",
        discussion: """
            Where the plan names keys, an attestation is signed as an approval is, and counts as long. The evidence itself stays where it is: the
            journal keeps its name, its size and its SHA-256, so that whoever has the file can show that it is the one.
            """)

    @OptionGroup var chosen: TenantOptions
    @Option(help: "An external blocker that the plan names.")
    var blocker: String?
    @Option(help: "A, B or C.")
    var stage: String?
    @Option(help: "With --stage: the file with its evidence.")
    var evidence: String?
    @Option(help: "Why; it is recorded.")
    var reason: String
    @Option(help: "The key you sign with (or CUTOVER_KEY), where the plan names keys.")
    var key: String?
    @OptionGroup var inputs: InputOptions

    func validate() throws {
        if (blocker == nil) == (stage == nil) { throw ValidationError("attest either --blocker NAME or --stage A|B|C") }
        if (stage == nil) != (evidence == nil) { throw ValidationError("--stage and --evidence FILE belong together") }
        if let stage, !Attestation.stages.contains(stage) { throw ValidationError("--stage is one of \(Attestation.stages.joined(separator: ", "))") }
        if chosen.tenants.isEmpty, chosen.wave == nil { throw ValidationError("name a tenant or --wave") }
    }

    func carryOut(_ console: Console) async throws -> CommandExit {
        let facts = try evidence.map { path throws(CommandFailure) in try Self.facts(of: path) } ?? [:]
        let site = try await Wiring(inputs, console).site(ifMissing: .begin, asking: false)
        let tenants = try site.choice.tenants(chosen.tenants, wave: chosen.wave)
        for tenant in tenants { try await PlanGuard(journal: site.journal, plan: site.plan).requireSamePlan(tenant) }
        let signing = try Signing(site, key: key, wave: chosen.wave)
        for tenant in tenants {
            if let blocker { try await signing.attest(blocker: blocker, tenant, reason: reason, console) }
            guard let stage else { continue }
            try await signing.approve(tenant, topic: Attestation.stage(stage), reason: reason, facts: facts)
            console.note("\(tenant): \(site.engine.me) attached \(facts["file"] ?? "") (\(facts["digest"]?.prefix(12) ?? "")) as the evidence of stage \(stage)")
        }
        return .done
    }

    /// What is kept of the file. An empty one is evidence of nothing.
    static func facts(of path: String) throws(CommandFailure) -> [String: String] {
        guard let bytes = FileManager.default.contents(atPath: path), !bytes.isEmpty else {
            throw CommandFailure("\(path) is no evidence", why: "it can't be read, or is empty", next: "name the file with --evidence FILE")
        }
        return ["digest": Digest.sha256(Array(bytes)), "file": URL(filePath: path).lastPathComponent, "bytes": String(bytes.count)]
    }
}
