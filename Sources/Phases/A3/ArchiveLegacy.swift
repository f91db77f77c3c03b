import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// Writes the frozen table to an encrypted archive in another place, and rehearses the restore from there.
struct ArchiveLegacy: ReversibleStep {
    let vault: Vault
    let table: LegacyTable

    var preconditions: [Gate] {
        [
            .reading("v1 is frozen", LegacyState(table: table)) { state, _ in
                state.frozen ? .open(facts(["rows": state.frozenRows])) : .shut("v1 can still be written")
            },
            .reading("the archive's place is off the tenant's host, or that was accepted", ArchivePlaceState(vault: vault)) { [vault] state, sight in
                if state.elsewhere { return .open(Evidence(["place": vault.to])) }
                if let accepted = vault.onHost { return .open(Evidence(["place": vault.to, "onHost": accepted])) }
                guard sight.labels["env"] == "production" else { return .open(Evidence(["place": vault.to, "onHost": "not production"])) }
                return .shut("\(state.detail); what takes the host takes the archive")
            },
            .reading("what lives on the table can be made again", LegacyHangers(table: table)) { found, _ in
                found.hangers.isEmpty ? .open(Evidence()) : .shut(found.hangers.joined(separator: "; "))
            },
        ]
    }
    var wayBack: [Gate] { [] }

    func preview(_ sight: Sight) async throws(StepFailure) -> Preview {
        var commands = [
            sight.commandLine(.writing, BeginWork<WriteArchive>.kind),
            "COPY \(table.name) TO STDOUT, compressed, encrypted, with its DDL and SHA-256, to \(vault.to); it opens with any of: \(vault.toldKeys)",
        ]
        if let (host, path) = vault.otherHost(sight.ref.tenant) {
            commands.append("carry the sealed files to \(path) on \(host), and from there back for the rehearsal, in slices of \(TakeSlice.bytes) bytes")
        }
        return Preview(commands: commands + [
            sight.commandLine(.writing, BeginWork<RehearseArchive>.kind),
            "restore it from there into schema \(table.schema)_rehearsal, compare every row with \(table.schema).frozen, drop the schema",
        ])
    }

    func perform(_ site: Site) async throws(StepFailure) -> Evidence {
        let written = try await site.seeThrough(WriteArchive(vault: vault, table: table))
        if let (host, path) = vault.otherHost(site.sight.ref.tenant) {
            let there = try site.at(host)
            _ = try await there.placeHand()
            let haul = Haul(names: Archive(table.dataPath).objects())
            try await haul.carry(from: site, .outgoing, to: there, .path(path))
            _ = try await site.carryOut(ClearShelf(shelf: .returned, names: haul.names))
            try await haul.carry(from: there, .path(path), to: site, .returned)
        }
        let rehearsed = try await site.seeThrough(RehearseArchive(vault: vault, table: table))
        return facts([
            "rows": written.rows, "bytes": written.bytes, "sha256": written.digest, "keys": vault.told(written.keys), "to": vault.to,
            "rehearsed": "\(rehearsed.rows) rows equal to what was frozen", "peakMiB": max(written.peakMiB, rehearsed.peakMiB),
        ])
    }

    func verify(_ sight: Sight) async throws(StepFailure) -> Finding {
        let state = try await vault.state(sight, table)
        let seen = Evidence(["files": state.problem ?? "whole", "rows": String(state.rows)])
        if !state.there { return .absent(seen) }
        return state.problem == nil && state.rehearsed ? .inPlace(seen) : .partial(seen)
    }

    func revert(_ site: Site, performed: Evidence?) async throws(StepFailure) -> Evidence {
        try await vault.delete(site, table, onlyWhenTableIsBack: true)
        return Evidence()
    }
}

extension Vault {
    /// The archive as its place shows it now, against what was rehearsed.
    func state(_ sight: Sight, _ table: LegacyTable) async throws(StepFailure) -> ArchiveState.Result {
        let here = try await sight.ask(ArchiveState(vault: self, table: table))
        guard let (host, path) = otherHost(sight.ref.tenant) else { return here }
        let there = try sight.at(host)
        guard try await there.hand() != .absent else { return here.seen([:], table) }
        return here.seen(try await there.ask(ShelfState(shelf: .path(path), names: Archive(table.dataPath).objects())).objects, table)
    }

    func delete(_ site: Site, _ table: LegacyTable, onlyWhenTableIsBack: Bool) async throws(StepFailure) {
        _ = try await site.carryOut(DeleteArchive(vault: self, table: table, onlyWhenTableIsBack: onlyWhenTableIsBack))
        guard let (host, path) = otherHost(site.sight.ref.tenant) else { return }
        let there = try site.at(host)
        guard try await there.sight.hand() != .absent else { return }
        _ = try await there.carryOut(ClearShelf(shelf: .path(path), names: Archive(table.dataPath).objects()))
    }

    /// A gate over the archive, wherever it lies.
    func gate(_ claim: String, _ table: LegacyTable, _ judge: @escaping @Sendable (ArchiveState.Result, Sight) -> Gate.Verdict) -> Gate {
        Gate(claim, asks: [ArchiveState(vault: self, table: table)]) { sight in
            do throws(StepFailure) { return judge(try await state(sight, table), sight) } catch { return .unknown(error.what) }
        }
    }
}

/// Whether the place is another machine's.
struct ArchivePlaceState: ReadsOnHost {
    static let kind: OperationKind = "archive.place"
    struct Result: Sendable, Codable {
        let elsewhere: Bool
        let detail: String
    }
    let vault: Vault

    func read(_ host: HostSight) async throws -> Result {
        switch try vault.place(host) {
        case .directory(let path): return Result(elsewhere: false, detail: "\(path) is on the tenant's own host")
        case .mount(let path):
            let why = Mounts.whyNotElsewhere(path)
            return Result(elsewhere: why == nil, detail: why ?? "")
        case .bucket, .host: return Result(elsewhere: true, detail: "")
        }
    }
}

/// What else hangs on the table and would not come back with it, or would keep it from being dropped.
struct LegacyHangers: ReadsOnHost {
    static let kind: OperationKind = "legacy.hangers"
    struct Result: Sendable, Codable { let hangers: [String] }
    let table: LegacyTable

    func read(_ host: HostSight) async throws -> Result {
        Result(hangers: try await host.looking(table) { try await Archive(table.dataPath).obstacles($0) })
    }
}

/// What the place shows, against what was rehearsed. Of an archive on another host, only what was rehearsed.
struct ArchiveState: ReadsOnHost {
    static let kind: OperationKind = "archive.state"
    struct Result: Sendable, Codable {
        let there: Bool
        let problem: String?
        let rows: Int
        let rehearsed: Bool
        /// By the host's clock.
        let exportedAt: Timestamp?
        /// The same clock when it was asked; nil from an older program.
        var now: Timestamp?
        /// The frozen list's own digest, as the archive was rehearsed against it.
        let frozenDigest: String?
        let rehearsedObjects: [String: ArchivedObject]

        /// The same with what was seen in its place.
        func seen(_ objects: [String: ArchivedObject], _ table: LegacyTable) -> Result {
            let names = Archive(table.dataPath).objects()
            let missing = names.filter { objects[$0] == nil }
            let changed = names.filter { objects[$0] != nil && objects[$0] != rehearsedObjects[$0] }
            var problem: String?
            if !missing.isEmpty { problem = "\(missing.joined(separator: " and ")) is missing" }
            if !changed.isEmpty, !rehearsedObjects.isEmpty { problem = "\(changed.joined(separator: " and ")) is not what was rehearsed" }
            return Result(
                there: !objects.isEmpty, problem: objects.isEmpty ? nil : problem, rows: rows,
                rehearsed: !rehearsedObjects.isEmpty && objects == rehearsedObjects, exportedAt: exportedAt, now: now, frozenDigest: frozenDigest,
                rehearsedObjects: rehearsedObjects)
        }
    }
    let vault: Vault
    let table: LegacyTable

    func read(_ host: HostSight) async throws -> Result {
        let entries = try host.evidence.entries()
        // What was frozen anew since is not what was rehearsed.
        let names = [Effect.archive(table).name, Effect.freeze(table).name]
        let begun = entries.last { $0.kind == "effect" && $0.facts["name"].map(names.contains) == true }?.n ?? 0
        let trace = entries.last { $0.kind == "exercise" && $0.facts["name"] == table.own("archive.rehearsal") && $0.n > begun }
        let marks = try trace?.facts["marks"].map { try CanonicalJSON.value([String: ArchivedObject].self, from: $0) } ?? [:]
        let rehearsed = Result(
            there: false, problem: nil, rows: trace?.facts["rows"].flatMap { Int($0) } ?? 0, rehearsed: false, exportedAt: trace?.at, now: HostClock.now.at,
            frozenDigest: trace?.facts["frozenDigest"], rehearsedObjects: marks)
        guard vault.otherHost(host.tenant) == nil else { return rehearsed }
        return rehearsed.seen(try await Archive(table.dataPath).found(in: try vault.open(host)), table)
    }
}

/// Deletes the archive from a place that this host reaches, and what was on its way to another host.
struct DeleteArchive: ActsOnHost {
    static let kind: OperationKind = "archive.delete"
    static let once = Once.convergent
    struct Result: Sendable, Codable { let deleted: Bool }
    let vault: Vault
    let table: LegacyTable
    /// True on the way back: as long as the table is away, the archive is all there is of it.
    let onlyWhenTableIsBack: Bool

    func act(_ host: HostHand) async throws -> Result {
        // What still writes would put back what is deleted here.
        for name in [WriteArchive.name, RehearseArchive.name] { try await DetachedWork(name, host.sight).end() }
        if onlyWhenTableIsBack {
            let state = try await host.writing(table) { connection in
                try await connection.execute("DROP SCHEMA IF EXISTS \(table.schema)_rehearsal CASCADE")
                return try await Drop(table.dataPath).state(connection)
            }
            guard case .inPlace = state else {
                throw StepFailure("the table is not back: its archive is not deleted", effect: .nothingChanged, next: "cutoverctl revert \(host.sight.tenant) --to soak.wait")
            }
        }
        for shelf in [Shelf.outgoing, .returned] { _ = try await ClearShelf(shelf: shelf, names: Archive(table.dataPath).objects()).act(host) }
        if vault.otherHost(host.sight.tenant) == nil { try await Archive(table.dataPath).purge(try vault.open(host.sight)) }
        return Result(deleted: true)
    }
}
