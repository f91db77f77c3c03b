import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// Writes the frozen table to its place, or to the shelf from which it is carried to another host.
struct WriteArchive: LongWork {
    static let name = "archive.write"
    struct Result: Sendable, Codable {
        let rows: Int
        let bytes: Int
        let digest: String
        let keys: [String]
        /// What stands in the place since.
        let objects: [String: ArchivedObject]
        /// Most memory that the process ever had, in MiB.
        let peakMiB: Int
    }
    let vault: Vault
    let table: LegacyTable

    func carryOut(_ host: HostHand, _ progress: WorkProgress) async throws -> Result {
        try await Effect.archive(table).begin(by: host)
        let (place, keys) = (try vault.open(host.sight), try vault.sealedTo(host.sight))
        // Told before the work: what can't be opened here can't be rehearsed.
        guard keys.map(\.id).contains(try vault.opener(host.sight).id()) else {
            throw StepFailure(
                "the key that `opens:` names is none of those that the archive is sealed to", effect: .nothingChanged, next: "add its public half to `recipients:`")
        }
        let report = try await host.writing(table) {
            try await Archive(table.dataPath).export($0, to: place, sealedTo: keys, label: host.sight.tenant.text) { try await progress.told("written", done: $0.rows, of: $0.of) }
        }
        return Result(
            rows: report.rows, bytes: report.fileBytes, digest: report.fileSHA256, keys: report.keys, objects: try await Archive(table.dataPath).found(in: place),
            peakMiB: OwnMemory.peakMiB)
    }

    func stands(_ result: Result, on host: HostHand) async throws -> Bool {
        try await Archive(table.dataPath).found(in: try vault.open(host.sight)) == result.objects
    }
}

/// Restores from where the archive lies, or from what was fetched back from there, and notes what the place showed.
struct RehearseArchive: LongWork {
    static let name = "archive.rehearse"
    struct Result: Sendable, Codable {
        let rows: Int
        let peakMiB: Int
    }
    let vault: Vault
    let table: LegacyTable

    func carryOut(_ host: HostHand, _ progress: WorkProgress) async throws -> Result {
        let hauled = vault.otherHost(host.sight.tenant) != nil
        let archive = Archive(table.dataPath)
        let place: any ArchivePlace = hauled ? Shelf.returned.place(host.sight) : try vault.open(host.sight)
        let opener = try vault.opener(host.sight)
        let objects = try await archive.found(in: place)
        let report = try await host.writing(table) {
            try await archive.rehearse($0, from: place, with: opener) { try await progress.told("restored", done: $0.rows, of: $0.of) }
        }
        guard try await archive.found(in: place) == objects else {
            throw StepFailure("the archive was changed while it was rehearsed", effect: .partlyChanged, next: "cutoverctl advance \(host.sight.tenant)")
        }
        if hauled {
            for shelf in [Shelf.outgoing, .returned] { _ = try await ClearShelf(shelf: shelf, names: archive.objects()).act(host) }
        }
        try await ExerciseTrace.record(
            table.own("archive.rehearsal"), green: true,
            ["sha256": report.fileSHA256, "marks": try CanonicalJSON.text(objects), "rows": String(report.rows), "frozenDigest": report.frozenDigest], by: host)
        return Result(rows: report.rows, peakMiB: OwnMemory.peakMiB)
    }
}

extension Archive {
    /// What of the archive stands in the place, by name.
    func found(in place: any ArchivePlace) async throws -> [String: ArchivedObject] {
        var all: [String: ArchivedObject] = [:]
        for name in objects() { all[name] = try await place.find(name) }
        return all
    }
}

enum OwnMemory {
    /// 0 where the system does not tell.
    static var peakMiB: Int {
        let status = (try? DurableFile.read("/proc/self/status")).flatMap { $0 } ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 1024
    }
}
