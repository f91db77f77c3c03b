import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// Renames the old table out of everyone's way, waits out a grace period, asks everything once more, and drops it.
struct DropLegacy: GracefulStep {
    let graceSeconds: Int
    let blockers: [String]
    let vault: Vault
    var limits = ChangesSince.Limits()

    var preconditions: [Gate] { conditions + blockers.map(Self.blockerGate) }

    private var conditions: [Gate] {
        [
            .reading("the old table is frozen, or held", LegacyState()) { state, _ in
                state.frozen || state.place == "held" ? .open(Evidence(["table": state.place])) : .shut("the table is \(state.place) and \(state.frozen ? "frozen" : "not frozen")")
            },
            .reading("the archive is whole and was rehearsed", ArchiveState(vault: vault)) { state, _ in
                state.there && state.problem == nil && state.rehearsed ? .open(facts(["rows": state.rows])) : .shut(state.problem ?? "there is no rehearsed archive")
            },
            .reading("everything that was frozen is accounted for in v2", CompareStores(base: .frozen, limits: limits)) { parity, _ in
                guard parity.complete else { return .unknown("\(parity.provenRows) of about \(parity.estimatedRows) rows were compared in time") }
                return parity.clean
                    ? .open(facts(["frozen": parity.rowsV1, "forgottenSince": parity.forgottenSince, "editedSince": parity.editedSince]))
                    : .shut(parity.words)
            },
            .changesSinceAreSigned(limits),
        ]
    }

    var wayBack: [Gate] {
        [
            .reading("the archive can be restored from", ArchiveState(vault: vault)) { state, _ in
                state.rehearsed ? .open(facts(["rows": state.rows])) : .shut("its restore was not rehearsed")
            }
        ]
    }

    private static func blockerGate(_ name: String) -> Gate {
        Gate("\(name) is closed", clearedBy: .person("cutoverctl approve TENANT --blocker \(name) --reason TEXT")) { sight in
            guard let consent = sight.consent(to: "blocker/\(name)") else { return .shut("nobody attested that \(name) is closed") }
            return .open(Evidence(["by": consent.by.text, "reason": consent.reason]))
        }
    }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview {
        Preview(
            commands: [sight.commandLine(.writing, HoldTable.kind)] + PlannedSQL().hold()
                + ["wait \(graceSeconds) s of grace; then every question again", sight.commandLine(.writing, DropTable.kind)] + PlannedSQL().drop())
    }

    func setAside(_ site: Site) async throws(StepFailure) -> Evidence {
        let held = try await site.carryOut(HoldTable())
        return Evidence(["heldAs": held.name])
    }

    func perform(_ site: Site) async throws(StepFailure) -> Evidence {
        let dropped = try await site.carryOut(DropTable())
        return facts(["rows": dropped.rows, "digest": dropped.digest, "oid": dropped.oid])
    }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
        let state = try await sight.ask(LegacyState())
        let doors = try await sight.ask(DoorsAnswer())
        let seen = Evidence(["table": state.place, "doors": doors.problem ?? "answer"])
        switch state.place {
        case "dropped": return doors.problem == nil ? .inPlace(seen) : .partial(seen)
        case "in place": return .absent(seen)
        default: return .partial(seen)
        }
    }

    func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence {
        let back = try await site.carryOut(BringTableBack(vault: vault))
        return Evidence(["from": back.source, "queued": String(back.queued), "impostor": back.impostor ?? "none"])
    }
}

struct HoldTable: ActsOnHost {
    static let kind: OperationKind = "legacy.hold"
    static let once = Once.convergent
    struct Result: Sendable, Codable { let name: String }

    func act(_ host: HostHand) async throws -> Result {
        let report = try await host.writing { try await Drop().hold($0, date: Date(), opID: host.operation.text, lockTimeoutSeconds: 5) }
        return Result(name: report.heldAs?.description ?? "")
    }
}

struct DropTable: ActsOnHost {
    static let kind: OperationKind = "legacy.drop"
    static let once = Once.transactional
    struct Result: Sendable, Codable {
        let rows: Int
        let digest: String
        let oid: String
    }

    func act(_ host: HostHand) async throws -> Result {
        let report = try await host.writing { try await Drop().drop($0, lockTimeoutSeconds: 5) }
        return Result(rows: report.rows, digest: report.digest, oid: report.tableOID)
    }
}

struct BringTableBack: ActsOnHost {
    static let kind: OperationKind = "legacy.bringBack"
    static let once = Once.convergent
    struct Result: Sendable, Codable {
        let source: String
        let queued: Int
        let impostor: String?
    }
    let vault: Vault

    func act(_ host: HostHand) async throws -> Result {
        let archive = (directory: try vault.directory(host.sight), key: try vault.keyBytes(host.sight))
        let back = try await host.writing { try await Drop().undrop($0, archive: archive, lockTimeoutSeconds: 5) }
        return Result(source: back.source.rawValue, queued: back.queued, impostor: back.impostorMovedTo?.description)
    }
}

/// Sessions and search of the running server.
struct DoorsAnswer: ReadsOnHost {
    static let kind: OperationKind = "doors.answer"
    struct Result: Sendable, Codable { let problem: String? }

    func read(_ host: HostSight) async throws -> Result {
        do {
            let doors = try AgentDoors(try host.env())
            _ = try await doors.sessionSearch("cutover")
            guard try await doors.panelStatus() == 200 else { return Result(problem: "the panel's read route does not answer 200") }
            return Result(problem: nil)
        } catch { return Result(problem: "\(error)") }
    }
}
