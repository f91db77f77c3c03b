import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// Writes the frozen table to an encrypted archive in another place, and rehearses the restore from there.
struct ArchiveLegacy: ReversibleStep {
    let vault: Vault

    var preconditions: [Gate] {
        [
            .reading("v1 is frozen", LegacyState()) { state, _ in
                state.frozen ? .open(facts(["rows": state.frozenRows])) : .shut("v1 can still be written")
            }
        ]
    }
    var wayBack: [Gate] { [] }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview {
        Preview(commands: [
            sight.commandLine(.writing, WriteArchive.kind),
            "COPY public.agent_memories TO STDOUT, encrypted, with its DDL and SHA-256, to \(vault.to)",
            "restore it from there into schema cutover_rehearsal, compare every row with cutover.frozen, drop the schema",
        ])
    }

    func perform(_ site: Site) async throws(StepFailure) -> Evidence {
        let written = try await site.carryOut(WriteArchive(vault: vault))
        return facts(["rows": written.rows, "bytes": written.bytes, "sha256": written.digest, "rehearsed": "equal to what was frozen"])
    }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
        let state = try await sight.ask(ArchiveState(vault: vault))
        let seen = Evidence(["files": state.problem ?? "whole", "rows": String(state.rows)])
        if !state.there { return .absent(seen) }
        return state.problem == nil && state.rehearsed ? .inPlace(seen) : .partial(seen)
    }

    func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence {
        _ = try await site.carryOut(DeleteArchive(vault: vault, onlyWhenTableIsBack: true))
        return Evidence()
    }
}

/// Where the archive lies and what it is encrypted with: both may be references into the host's env file.
struct Vault: Sendable, Codable, Equatable {
    let to: String
    let key: String

    func directory(_ host: HostSight) throws -> URL { URL(fileURLWithPath: try host.env().resolve(to)) }

    func keyBytes(_ host: HostSight) throws -> [UInt8] {
        guard let bytes = Hex.bytes(try host.env().resolve(key)), bytes.count == 32 else {
            throw StepFailure("the archive key is not 64 hexadecimal digits", effect: .nothingChanged, next: "set it in the host's env file")
        }
        return bytes
    }
}

struct WriteArchive: ActsOnHost {
    static let kind: OperationKind = "archive.write"
    static let once = Once.convergent
    struct Result: Sendable, Codable {
        let rows: Int
        let bytes: Int
        let digest: String
    }
    let vault: Vault

    func act(_ host: HostHand) async throws -> Result {
        let (directory, key) = (try vault.directory(host.sight), try vault.keyBytes(host.sight))
        let report = try await host.writing { connection in
            _ = try await Archive().export(connection, to: directory, key: key)
            return try await Archive().rehearse(connection, from: directory, key: key)
        }
        try await ExerciseTrace.record("archive.rehearsal", green: true, ["sha256": report.fileSHA256], by: host)
        return Result(rows: report.rows, bytes: report.fileBytes, digest: report.fileSHA256)
    }
}

struct ArchiveState: ReadsOnHost {
    static let kind: OperationKind = "archive.state"
    struct Result: Sendable, Codable {
        let there: Bool
        let problem: String?
        let rows: Int
        let rehearsed: Bool
        let exportedAt: Timestamp?
    }
    let vault: Vault

    func read(_ host: HostSight) async throws -> Result {
        let directory = try vault.directory(host)
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        guard !files.isEmpty else { return Result(there: false, problem: nil, rows: 0, rehearsed: false, exportedAt: nil) }
        let trace = try host.evidence.entries().last { $0.kind == "exercise" && $0.facts["name"] == "archive.rehearsal" }
        do {
            let report = try Archive().check(directory, key: try vault.keyBytes(host))
            return Result(there: true, problem: nil, rows: report.rows, rehearsed: trace?.facts["sha256"] == report.fileSHA256, exportedAt: trace?.at)
        } catch {
            return Result(there: true, problem: "\(error)", rows: 0, rehearsed: false, exportedAt: trace?.at)
        }
    }
}

struct DeleteArchive: ActsOnHost {
    static let kind: OperationKind = "archive.delete"
    static let once = Once.convergent
    struct Result: Sendable, Codable { let deleted: Bool }
    let vault: Vault
    /// True on the way back: as long as the table is away, the archive is all there is of it.
    let onlyWhenTableIsBack: Bool

    func act(_ host: HostHand) async throws -> Result {
        let directory = try vault.directory(host.sight)
        if onlyWhenTableIsBack {
            guard case .inPlace = try await host.writing({ try await Drop().state($0) }) else {
                throw StepFailure("the table is not back: its archive is not deleted", effect: .nothingChanged, next: "cutoverctl revert \(host.sight.tenant) --to soak.wait")
            }
        }
        guard FileManager.default.fileExists(atPath: directory.path) else { return Result(deleted: false) }
        try Archive().purge(directory)
        return Result(deleted: true)
    }
}
