import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A way to a database's socket that a test can spoil: silent, cut off, or cut off just before the answer to a commit.
final class Relay: Sendable {
    enum Mode: Sendable, Equatable {
        case open
        /// Takes everything and passes nothing on, as a network that is parted does.
        case silent
        /// Nobody listens any more, and what was connected is gone.
        case cut
        /// The next COMMIT is passed on; its answer is not, and the connection is gone.
        case losesAnswer
        /// The next COMMIT is lost on its way, and the connection is gone.
        case losesRequest
    }

    private struct State {
        var mode = Mode.open
        var sockets: Set<Int32> = []
    }

    let folder: String
    private let target: String
    private let state = Mutex(State())
    private let listener: Int32

    /// - Parameter directory: where the server's socket is.
    init(to directory: String) throws {
        folder = "/tmp/cutover-relay-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        target = "\(directory)/.s.PGSQL.5432"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard Self.withAddress("\(folder)/.s.PGSQL.5432", { bind(listener, $0, $1) }) == 0, listen(listener, 64) == 0 else {
            throw CocoaError(.fileWriteUnknown)
        }
        Thread.detachNewThread { [self] in accept() }
    }

    deinit { end() }

    func end() {
        set(.cut)
        shutdown(listener, Int32(SHUT_RDWR))
        try? FileManager.default.removeItem(atPath: folder)
    }

    func url(_ database: String, _ more: String = "") -> String { "postgresql://postgres@/\(database)?host=\(folder)&port=5432&connect_timeout=2\(more)" }

    func set(_ mode: Mode) {
        state.withLock { state in
            state.mode = mode
            if mode == .cut { for one in state.sockets { shutdown(one, Int32(SHUT_RDWR)) } }
        }
    }

    var mode: Mode { state.withLock { $0.mode } }

    // MARK: - Non public

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { return }
            let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            guard mode != .cut, Self.withAddress(target, { connect(server, $0, $1) }) == 0 else {
                close(client)
                close(server)
                continue
            }
            state.withLock { $0.sockets.formUnion([client, server]) }
            let pair = Pair(client: client, server: server)
            Thread.detachNewThread { [self] in pump(pair, isRequest: true) }
            Thread.detachNewThread { [self] in pump(pair, isRequest: false) }
        }
    }

    private final class Pair: Sendable {
        let client: Int32
        let server: Int32
        let committing = Mutex(false)
        private let left = Mutex(2)
        init(client: Int32, server: Int32) {
            self.client = client
            self.server = server
        }
        /// True for the last of the two that pass on.
        func leave() -> Bool { left.withLock { $0 -= 1; return $0 == 0 } }
    }

    private func pump(_ pair: Pair, isRequest: Bool) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let (from, to) = isRequest ? (pair.client, pair.server) : (pair.server, pair.client)
        while true {
            let count = read(from, &buffer, buffer.count)
            guard count > 0 else { break }
            while mode == .silent { usleep(5000) }
            let chunk = buffer[0..<count]
            if mode == .cut { break }
            if isRequest, [.losesAnswer, .losesRequest].contains(mode), chunk.firstRange(of: Array("COMMIT\0".utf8)) != nil {
                if mode == .losesRequest {
                    set(.open)
                    break
                }
                pair.committing.withLock { $0 = true }
            }
            if !isRequest, pair.committing.withLock({ $0 }) {
                set(.open)
                break
            }
            guard chunk.withUnsafeBytes({ Self.writeAll($0, to) }) else { break }
        }
        shutdown(pair.client, Int32(SHUT_RDWR))
        shutdown(pair.server, Int32(SHUT_RDWR))
        if pair.leave() {
            _ = state.withLock { state in (state.sockets.remove(pair.client), state.sockets.remove(pair.server)) }
            close(pair.client)
            close(pair.server)
        }
    }

    private static func writeAll(_ bytes: UnsafeRawBufferPointer, _ to: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = send(to, bytes.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        return withUnsafePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) } }
    }
}
