import Cutover
import DataPath
import Foundation
import Host

/// What a comparison under way keeps in the host's state folder: what it has proven, and the rows that differ. Ids and names of
/// fields, never a text.
struct ParityFiles: Sendable {
    let base: Parity.Base
    private let folder: String
    /// What was proven for another one proves nothing to this.
    private let owner: String

    init(_ host: HostSight, _ base: Parity.Base) {
        self.base = base
        self.folder = "\(host.statePath)/parity"
        self.owner = ""
    }

    /// The notes of a wait: what was proven before it began, or for another table, is none of its evidence.
    init(_ host: HostSight, _ base: Parity.Base, of wait: OperationID, _ table: LegacyTable) {
        self.base = base
        self.folder = "\(host.statePath)/parity/\(table.rawValue)"
        self.owner = "\(wait) "
    }

    var notes: String { "\(folder)/\(base.rawValue).proven" }
    private var remoteNotes: String { "\(folder)/\(base.rawValue).proven-http" }
    var lines: String { "\(folder)/\(base.rawValue).differing" }

    /// Two comparisons would write into each other's notes.
    func lock() throws -> FileLock? {
        try DurableFile.makeFolder(folder)
        return try FileLock.tryTake("\(folder)/lock")
    }

    func forget() throws {
        try DurableFile.remove(notes)
        try DurableFile.remove(remoteNotes)
    }
}

extension ParityFiles: ParityNotes {
    private struct Head: Codable { let print: String }

    func read(print: String) async throws -> [ProvenSlice]? {
        try slices(notes, print) { (slice: ProvenSlice, last) in slice.range.lower == last?.range.upper }
    }

    /// A line that was cut off by a crash ends what counts.
    private func slices<Slice: Decodable>(_ path: String, _ print: String, _ follows: (Slice, Slice?) -> Bool) throws -> [Slice]? {
        guard let text = try DurableFile.read(path) else { return nil }
        let lines = text.split(separator: "\n")
        let decoder = JSONDecoder()
        guard let first = lines.first, let head = try? decoder.decode(Head.self, from: Data(first.utf8)), head.print == owner + print else { return nil }
        var slices: [Slice] = []
        for line in lines.dropFirst() {
            guard let slice = try? decoder.decode(Slice.self, from: Data(line.utf8)), follows(slice, slices.last) else { break }
            slices.append(slice)
        }
        return slices
    }

    func begin(print: String) async throws {
        try DurableFile.write(try Self.json(Head(print: owner + print)) + "\n", to: notes)
    }

    func add(_ slice: ProvenSlice) async throws { try DurableFile.append(line: try Self.json(slice), to: notes) }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

extension ParityFiles: RemoteNotes {
    func readRemote(print: String) async throws -> [RemoteSlice]? { try slices(remoteNotes, print) { (_: RemoteSlice, _) in true } }
    func beginRemote(print: String) async throws { try DurableFile.write(try Self.json(Head(print: owner + print)) + "\n", to: remoteNotes) }
    func addRemote(_ slice: RemoteSlice) async throws { try DurableFile.append(line: try Self.json(slice), to: remoteNotes) }
}

/// Writes differing rows to a file as they are found, some at a time.
actor LineWriter {
    private let file: FileHandle
    private var waiting = Data()
    private(set) var count = 0

    init(_ path: String) throws {
        _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
        file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    }

    func add(_ line: ParityLine) throws {
        let fields = line.fields.map { "\"\($0)\"" }.joined(separator: ",")
        waiting.append(contentsOf: "{\"id\":\"\(line.id.uuidString.lowercased())\",\"what\":\"\(line.what.rawValue)\",\"fields\":[\(fields)]}\n".utf8)
        count += 1
        if waiting.count > 1 << 16 { try flush() }
    }

    func close() throws {
        try flush()
        try file.close()
    }

    private func flush() throws {
        try file.write(contentsOf: waiting)
        waiting.removeAll(keepingCapacity: true)
    }
}
