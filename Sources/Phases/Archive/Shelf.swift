import CrashPoints
import Cutover
import DataPath
import Foundation
import Host

/// A folder for sealed objects on some host: the place of an archive on another host, or our own on the tenant's for what is on its way.
enum Shelf: Sendable, Codable, Equatable {
    case path(String)
    /// Sealed here, to be fetched to another host.
    case outgoing
    /// Fetched back from there, to restore from.
    case returned

    func place(_ host: HostSight) -> DirectoryPlace { DirectoryPlace(URL(fileURLWithPath: path(host))) }

    func path(_ host: HostSight) -> String {
        switch self {
        case .path(let path): path
        case .outgoing: "\(host.statePath)/archive.out"
        case .returned: "\(host.statePath)/archive.back"
        }
    }

    /// What an object is called as long as it is on its way.
    static func arriving(_ name: String) -> String { "\(name).arriving" }
}

/// What stands on a shelf, and how far what is on its way has come.
struct ShelfState: ReadsOnHost {
    static let kind: OperationKind = "archive.shelf"
    struct Result: Sendable, Codable {
        let objects: [String: ArchivedObject]
        let arrived: [String: Int]
    }
    let shelf: Shelf
    let names: [String]

    func read(_ host: HostSight) async throws -> Result {
        let place = shelf.place(host)
        var objects: [String: ArchivedObject] = [:]
        var arrived: [String: Int] = [:]
        for name in names {
            objects[name] = try await place.find(name)
            arrived[name] = place.bytes(Shelf.arriving(name)) ?? 0
        }
        return Result(objects: objects, arrived: arrived)
    }
}

/// A slice of a sealed object.
struct TakeSlice: ReadsOnHost {
    static let kind: OperationKind = "archive.slice"
    struct Result: Sendable, Codable { let base64: String }
    /// What goes through the controller's memory at once.
    static let bytes = 1 << 20
    let shelf: Shelf
    let name: String
    let offset: Int

    func read(_ host: HostSight) async throws -> Result {
        Result(base64: Data(try await shelf.place(host).read(name, from: offset, count: Self.bytes)).base64EncodedString())
    }
}

/// The length and SHA-256 of a piece of many slices, so that what has arrived is held against what was sent without a look at all of it.
struct PieceState: ReadsOnHost {
    static let kind: OperationKind = "archive.piece"
    typealias Result = ArchivedObject
    static let bytes = TakeSlice.bytes << 6
    let shelf: Shelf
    let name: String
    let offset: Int

    func read(_ host: HostSight) async throws -> ArchivedObject { try shelf.place(host).stretch(of: name, from: offset, count: Self.bytes) }
}

/// Writes a slice where it belongs; all that came after it is cut off, so that a slice may be put again.
struct PutSlice: ActsOnHost {
    static let kind: OperationKind = "archive.put"
    static let once = Once.convergent
    struct Result: Sendable, Codable { let arrived: Int }
    let shelf: Shelf
    let name: String
    let offset: Int
    let base64: String

    func act(_ host: HostHand) async throws -> Result {
        guard let slice = Data(base64Encoded: base64) else { throw DataPathError.archive("a slice of \(name) is not base64") }
        let folder = shelf.path(host.sight)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let path = "\(folder)/\(Shelf.arriving(name))"
        if !FileManager.default.fileExists(atPath: path) { _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]) }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        defer { try? file.close() }
        guard try file.seekToEnd() >= UInt64(offset) else { throw DataPathError.archive("\(name) has a hole before \(offset)") }
        try file.truncate(atOffset: UInt64(offset))
        CrashPoint.reached("slice begun", file: path)
        try file.write(contentsOf: slice)
        CrashPoint.reached("slice written", file: path)
        return Result(arrived: offset + slice.count)
    }
}

/// Gives an object that has arrived its name. Its pieces were held against those that were sent.
struct ShelveObject: ActsOnHost {
    static let kind: OperationKind = "archive.shelve"
    static let once = Once.convergent
    struct Result: Sendable, Codable { let shelved: ArchivedObject }
    let shelf: Shelf
    let name: String
    let sent: ArchivedObject

    func act(_ host: HostHand) async throws -> Result {
        let place = shelf.place(host.sight)
        let arriving = Shelf.arriving(name)
        // It was given its name, and nobody heard of it.
        if place.bytes(arriving) == nil, try await place.find(name) == sent { return Result(shelved: sent) }
        guard place.bytes(arriving) == sent.bytes else {
            throw StepFailure("\(name) did not arrive as it was sent", effect: .partlyChanged, next: "cutoverctl advance \(host.sight.tenant)")
        }
        try await place.rename(arriving, to: name)
        return Result(shelved: sent)
    }
}

/// Takes objects off a shelf; the folder goes when nothing else is in it.
struct ClearShelf: ActsOnHost {
    static let kind: OperationKind = "archive.clear"
    static let once = Once.convergent
    struct Result: Sendable, Codable { let cleared: Bool }
    let shelf: Shelf
    let names: [String]

    func act(_ host: HostHand) async throws -> Result {
        let place = shelf.place(host.sight)
        for name in names {
            try await place.delete(name)
            try await place.delete(Shelf.arriving(name))
        }
        rmdir(shelf.path(host.sight))
        return Result(cleared: true)
    }
}

/// Carries sealed objects from one host to another, a slice at a time, and goes on where it stopped.
struct Haul: Sendable {
    let names: [String]

    func carry(from: Site, _ source: Shelf, to: Site, _ target: Shelf) async throws(StepFailure) {
        let there = try await from.ask(ShelfState(shelf: source, names: names)).objects
        let arrived = try await to.ask(ShelfState(shelf: target, names: names))
        // The last name makes the others whole: it must never stand beside those that it does not describe.
        if let last = names.last, let old = arrived.objects[last], old != there[last] { _ = try await to.carryOut(ClearShelf(shelf: target, names: [last])) }
        for name in names {
            guard let object = there[name] else {
                throw StepFailure("\(name) is not where it should be fetched from", effect: .nothingChanged, next: "cutoverctl advance \(from.sight.ref.tenant)")
            }
            if arrived.objects[name] == object { continue }
            try await send(name, object, on: arrived.arrived[name] ?? 0, from, source, to, target)
            _ = try await to.carryOut(ShelveObject(shelf: target, name: name, sent: object))
        }
    }

    /// Goes on behind what has arrived, as far as that is what is sent; from the first piece that is not, all is sent again.
    private func send(
        _ name: String, _ object: ArchivedObject, on arrived: Int, _ from: Site, _ source: Shelf, _ to: Site, _ target: Shelf
    ) async throws(StepFailure) {
        // What is longer is another object.
        var offset = arrived > object.bytes ? 0 : arrived / TakeSlice.bytes * TakeSlice.bytes
        var (proven, tries) = (0, 0)
        while proven < object.bytes {
            let end = min(proven + PieceState.bytes, object.bytes)
            while offset < end {
                let slice = try await from.ask(TakeSlice(shelf: source, name: name, offset: offset))
                guard !slice.base64.isEmpty else {
                    throw StepFailure("\(name) became shorter while it was carried", effect: .partlyChanged, next: "cutoverctl advance \(from.sight.ref.tenant)")
                }
                offset = try await to.carryOut(PutSlice(shelf: target, name: name, offset: offset, base64: slice.base64)).arrived
                try from.tell(StepProgress("\(offset) of \(object.bytes) bytes of \(name) carried", share: Double(offset) / Double(max(1, object.bytes))))
            }
            let sent = try await from.ask(PieceState(shelf: source, name: name, offset: proven))
            if try await to.ask(PieceState(shelf: target, name: Shelf.arriving(name), offset: proven)) == sent {
                (proven, tries) = (end, 0)
                continue
            }
            // Once for what an earlier attempt left there, once for what befell this one.
            tries += 1
            guard tries <= 2 else {
                throw StepFailure("\(name) does not arrive as it is sent", effect: .partlyChanged, next: "cutoverctl advance \(from.sight.ref.tenant)")
            }
            offset = proven
        }
    }
}
