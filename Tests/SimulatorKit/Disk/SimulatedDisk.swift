import Glibc
import Host
public import Simulation
import Synchronization

/// A disk that keeps what was synced. When its machine crashes, anything else is lost, or is there in part.
///
/// Names come to the disk in the order in which they were given, but no sooner than their folder was synced has any of them to. What a
/// file was given comes to the disk in any part, and independently of its name.
public final class SimulatedDisk: Sendable {
    private struct File {
        var bytes: [UInt8] = []
        var synced: [UInt8] = []
    }

    private enum Change {
        case named(String, Int)
        case moved(String, String)
        case removed(String)
        case folder(String)

        var folder: String {
            switch self {
            case .named(let path, _), .moved(_, let path), .removed(let path), .folder(let path): SimulatedDisk.folder(of: path)
            }
        }
    }

    private struct Names {
        var files: [String: Int] = [:]
        var folders: Set<String> = ["/"]

        mutating func take(_ change: Change) {
            switch change {
            case .named(let path, let file): files[path] = file
            case .moved(let path, let new): files[new] = files.removeValue(forKey: path)
            case .removed(let path): files[path] = nil
            case .folder(let path): folders.insert(path)
            }
        }
    }

    private struct State {
        var files: [Int: File] = [:]
        var next = 0
        var names = Names()
        var durable = Names()
        /// What happened to names that is not durable yet.
        var pending: [Change] = []
        var locks: [String: Int32] = [:]
        /// In bytes; nil when there is plenty.
        var room: Int?
        var isReadOnly = false
    }

    private let state = Mutex(State())

    public init() {}

    /// Nothing more than so many bytes can be written; nil: as much as anybody likes.
    public func leaveRoom(bytes: Int?) { state.withLock { $0.room = bytes } }
    public func setReadOnly(_ isReadOnly: Bool) { state.withLock { $0.isReadOnly = isReadOnly } }

    /// The machine loses its power and comes back: what of the unsynced is there is drawn.
    public func crash(_ chance: inout Chance) {
        var drawn = chance
        state.withLock { state in
            let kept = state.pending.isEmpty ? 0 : drawn.number(0...state.pending.count)
            for change in state.pending.prefix(kept) { state.durable.take(change) }
            state.pending = []
            state.names = state.durable
            let there = Set(state.names.files.values)
            state.files = state.files.filter { there.contains($0.key) }
            for (number, file) in state.files.sorted(by: { $0.key < $1.key }) where file.bytes != file.synced {
                let left = Self.left(of: file, &drawn)
                state.files[number] = File(bytes: left, synced: left)
            }
            state.locks = [:]
        }
        chance = drawn
    }

    private static func left(of file: File, _ chance: inout Chance) -> [UInt8] {
        guard file.bytes.starts(with: file.synced) else { return chance.happens(50) ? file.synced : Array(file.bytes.prefix(chance.number(0...file.bytes.count))) }
        let kept = chance.number(file.synced.count...file.bytes.count)
        // Some file systems know of the new length before they have what stands there.
        let zeros = chance.happens(20) ? chance.number(0...file.bytes.count - kept) : 0
        return file.bytes.prefix(kept) + [UInt8](repeating: 0, count: zeros)
    }

    /// What a process that ended held.
    func release(_ process: Int32) { state.withLock { state in state.locks = state.locks.filter { $0.value != process } } }

    /// Files that were there before anything began.
    public func furnish(_ files: [String: String]) {
        state.withLock { state in
            for (path, text) in files.sorted(by: { $0.key < $1.key }) {
                var folder = Self.folder(of: path)
                while folder != "/" {
                    state.names.folders.insert(folder)
                    state.durable.folders.insert(folder)
                    folder = Self.folder(of: folder)
                }
                state.next += 1
                state.files[state.next] = File(bytes: Array(text.utf8), synced: Array(text.utf8))
                state.names.files[path] = state.next
                state.durable.files[path] = state.next
            }
        }
    }

    /// Everything that is there, for whoever looks past the programs.
    public var contents: [String: String] {
        state.withLock { state in state.names.files.mapValues { String(decoding: state.files[$0]?.bytes ?? [], as: UTF8.self) } }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    // MARK: - What a process does to it

    func open(_ path: String, _ purpose: FilePurpose) throws(HostFault) -> (file: Int, wasEmpty: Bool) {
        try change(path) { state throws(HostFault) in
            guard state.names.folders.contains(Self.folder(of: path)) else { throw HostFault.file(path, ENOENT) }
            if let file = state.names.files[path] {
                if case .writingAnew = purpose { state.files[file]?.bytes = [] }
                return (file, state.files[file]?.bytes.isEmpty ?? true)
            }
            state.next += 1
            state.files[state.next] = File()
            state.names.files[path] = state.next
            state.pending.append(.named(path, state.next))
            return (state.next, true)
        }
    }

    func write(_ bytes: [UInt8], to file: Int, _ path: String) throws(HostFault) {
        try change(path) { state throws(HostFault) in
            let room = state.room.map { min($0, bytes.count) } ?? bytes.count
            state.files[file]?.bytes += bytes.prefix(room)
            if let left = state.room { state.room = left - room }
            if room < bytes.count { throw HostFault.file(path, ENOSPC) }
        }
    }

    func sync(_ file: Int, _ path: String) throws(HostFault) {
        try change(path) { state in state.files[file].map { state.files[file]?.synced = $0.bytes } }
    }

    func syncFolder(_ path: String) throws(HostFault) {
        state.withLock { state in
            for change in state.pending where change.folder == path { state.durable.take(change) }
            state.pending.removeAll { $0.folder == path }
        }
    }

    func read(_ path: String) throws(HostFault) -> [UInt8]? {
        try state.withLock { state throws(HostFault) in
            if state.names.folders.contains(path) { throw HostFault.file(path, EISDIR) }
            return state.names.files[path].flatMap { state.files[$0]?.bytes }
        }
    }

    func rename(_ path: String, to new: String) throws(HostFault) {
        try change(new) { state throws(HostFault) in
            guard state.names.files[path] != nil else { throw HostFault.file(path, ENOENT) }
            state.names.take(.moved(path, new))
            state.pending.append(.moved(path, new))
        }
    }

    func remove(_ path: String) throws(HostFault) {
        try change(path) { state in
            guard state.names.files[path] != nil else { return }
            state.names.take(.removed(path))
            state.pending.append(.removed(path))
        }
    }

    func folder(_ path: String) -> FolderState {
        state.withLock { state in
            guard state.names.folders.contains(path) else { return .absent }
            let isFilled = state.names.files.keys.contains { Self.folder(of: $0) == path } || state.names.folders.contains { $0 != path && Self.folder(of: $0) == path }
            return isFilled ? .filled : .empty
        }
    }

    func makeFolder(_ path: String) throws(HostFault) {
        try change(path) { state throws(HostFault) in
            guard state.names.folders.contains(Self.folder(of: path)) else { throw HostFault.file(path, ENOENT) }
            guard state.names.folders.insert(path).inserted else { return }
            state.pending.append(.folder(path))
        }
    }

    func tryLock(_ path: String, by process: Int32) -> Bool {
        state.withLock { state in
            if state.locks[path] != nil { return false }
            state.locks[path] = process
            return true
        }
    }

    func unlock(_ path: String, by process: Int32) { state.withLock { if $0.locks[path] == process { $0.locks[path] = nil } } }

    private func change<Value>(_ path: String, _ body: (inout State) throws(HostFault) -> Value) throws(HostFault) -> Value {
        try state.withLock { state throws(HostFault) in
            if state.isReadOnly { throw HostFault.file(path, EROFS) }
            return try body(&state)
        }
    }
}
