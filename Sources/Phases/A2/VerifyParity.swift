import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// Opens when every row and field of both stores is equal while agents write, and every exception was signed.
struct VerifyParity: Wait {
    /// By reason; a reason that is not named must be signed.
    let rules: [String: ExceptionRule]

    var preconditions: [Gate] { [] }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview {
        Preview(commands: [
            sight.commandLine(.reading, CompareStores.kind) + " (every row and field, inside the database)",
            sight.commandLine(.reading, ListExceptions.kind),
        ])
    }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding { .absent(Evidence(["effect": "none"])) }
    /// A plan that was changed since the copy brings its rules with it.
    func tend(_ site: Site, began: OperationID) async throws(StepFailure) -> Evidence {
        facts(["queued": try await site.carryOut(PutRules(rules: rules)).queued])
    }

    func observe(_ sight: Sight, began: OperationID) async -> Observation {
        do {
            guard try await sight.ask(ReadRules()) == rules else {
                return Observation(.shut("the plan's rules for exceptions are not those of the tenant yet"), needsTending: "the plan's rules for exceptions")
            }
            let exceptions = try await sight.ask(ListExceptions())
            if let why = unsigned(exceptions, sight) { return why }
            let parity = try await sight.ask(CompareStores(base: .v1))
            guard parity.clean else {
                let examples = (parity.missing + parity.extra + parity.different.map(\.id)).prefix(5).map { $0.uuidString.lowercased() }
                let found = "\(parity.missingCount) missing, \(parity.extraCount) extra, \(parity.differentCount) different, \(parity.inFlightCount) under way"
                return Observation(.shut(examples.isEmpty ? found : "\(found): \(examples.joined(separator: ", "))"))
            }
            return Observation(
                .open(facts(["rows": parity.rowsV1, "equal": parity.equal, "excepted": parity.exceptedIDs, "conflicts": parity.conflicts, "digest": parity.digestV1])))
        } catch {
            return Observation(.unknown(error.what))
        }
    }

    private func unsigned(_ list: ListExceptions.Result, _ sight: Sight) -> Observation? {
        for (reason, count) in list.counts.sorted(by: { $0.key < $1.key }) {
            let rule = rules[reason] ?? ExceptionRule(.sign)
            switch rule.word {
            case .pass, .flag, .redact: continue
            case .block: return Observation(.shut("\(count) rows are excepted as \(reason), which the plan does not allow"), clearedBy: .person("cutoverctl exceptions \(sight.ref.tenant)"))
            case .sign, .remap:
                // By the ids, not by their number: as many others are not those that somebody saw.
                let signed = sight.consent(to: "exceptions/\(reason)")?.facts
                if let signed, signed["digest"] == list.digest(of: reason) { continue }
                let what = signed.map { "\(count) rows are excepted as \(reason), and they are not the \($0["count"] ?? "") that were signed" } ?? "\(count) rows are excepted as \(reason), not signed"
                return Observation(.shut(what), clearedBy: .person("cutoverctl approve \(sight.ref.tenant) --exceptions \(reason) --reason TEXT"))
            }
        }
        return nil
    }
}

/// Full parity of the stores, or of v2 against what was frozen.
struct CompareStores: ReadsOnHost {
    typealias Result = ParityReport
    static let kind: OperationKind = "stores.compare"
    let base: Parity.Base

    func read(_ host: HostSight) async throws -> ParityReport {
        try await host.looking { try await Parity(listLimit: 100).compareUntilSettled($0, against: base, timeoutSeconds: 20) }
    }
}
