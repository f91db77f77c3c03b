import CLibpq
import Dispatch

/// Owns a `PGconn`: finished when the last reference goes.
final class ConnectionHandle {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        PQfinish(pointer)
    }
}

/// Asks the server to stop what a connection is doing, from any thread and while that connection is busy.
///
/// `@unchecked Sendable` is sound: the `PGcancel` is immutable after `PQgetCancel`, libpq documents `PQcancel` as
/// safe to call from another thread, and the object is freed only after the last call on it has returned.
final class Canceller: @unchecked Sendable {
    private let pointer: OpaquePointer

    init?(_ connection: OpaquePointer) {
        guard let pointer = PQgetCancel(connection) else { return nil }
        self.pointer = pointer
    }

    deinit {
        PQfreeCancel(pointer)
    }

    /// Returns at once.
    func cancel() {
        DispatchQueue.global().async { self.cancelAndWait() }
    }

    /// PQcancel opens a connection of its own and blocks until the server has taken the request.
    func cancelAndWait() {
        var reason = [CChar](repeating: 0, count: 256)
        _ = PQcancel(pointer, &reason, Int32(reason.count))
    }
}
