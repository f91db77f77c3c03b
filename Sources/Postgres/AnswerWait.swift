import CLibpq
import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Sends something to the server and waits for its answer, but only as long as something keeps coming: a network that swallows
/// everything never says so. Blocks, so it runs on the connection's own queue; the connection has to be a non-blocking one.
struct AnswerWait {
    let connection: OpaquePointer
    let silenceSeconds: Double

    enum End {
        /// The last result of what was sent; nil when the connection broke before there was one.
        case answered(OpaquePointer?)
        case silence
    }

    /// - Parameter send: queues the request, and returns 1 when it could.
    func answer(to send: () -> Int32) -> End {
        guard send() == 1 else { return .answered(nil) }
        while true {
            let left = PQflush(connection)
            if left == 0 { break }
            guard left == 1, let events = wait(for: Int16(POLLIN | POLLOUT)) else { return left == 1 ? .silence : .answered(nil) }
            if events & Int16(POLLIN) != 0, PQconsumeInput(connection) == 0 { return .answered(nil) }
        }
        var last: OpaquePointer?
        while true {
            while PQisBusy(connection) != 0 {
                guard wait(for: Int16(POLLIN)) != nil else {
                    PQclear(last)
                    return .silence
                }
                if PQconsumeInput(connection) == 0 { break }
            }
            guard let result = PQgetResult(connection) else { return .answered(last) }
            PQclear(last)
            last = result
        }
    }

    /// What came to pass on the socket; nil when nothing did for so long.
    private func wait(for events: Int16) -> Int16? {
        let socket = PQsocket(connection)
        // A closed one is told by libpq's next call.
        guard socket >= 0 else { return events }
        let end = DispatchTime.now().uptimeNanoseconds + UInt64(silenceSeconds * 1e9)
        while true {
            let now = DispatchTime.now().uptimeNanoseconds
            if now >= end { return nil }
            var entry = pollfd(fd: socket, events: events, revents: 0)
            let count = poll(&entry, 1, Int32(min((end - now) / 1_000_000 + 1, 60_000)))
            if count > 0 || (count < 0 && errno != EINTR) { return entry.revents }
        }
    }
}
