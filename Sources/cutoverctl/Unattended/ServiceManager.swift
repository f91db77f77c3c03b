import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The service manager that started this process, told what it is at as `sd_notify` would: a line over a datagram socket. Where there is none, nothing is told.
struct ServiceManager: Sendable {
    private let address: String?
    /// How often it wants to hear that we are alive; nil where it does not.
    let watchdogMicroseconds: Int?

    init(_ variables: [String: String]) {
        address = variables["NOTIFY_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
        let isForUs = variables["WATCHDOG_PID"].map { $0 == String(getpid()) } ?? true
        watchdogMicroseconds = isForUs ? variables["WATCHDOG_USEC"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } : nil
    }

    var isThere: Bool { address != nil }

    func isReady(_ status: String) { tell("READY=1\nSTATUS=\(Self.line(status))") }
    func isAt(_ status: String) { tell("STATUS=\(Self.line(status))") }
    func isAlive() { tell("WATCHDOG=1") }
    func isStopping() { tell("STOPPING=1\nSTATUS=stopping after what is under way") }

    private static func line(_ text: String) -> String { PlainText.line(text) }

    /// A manager that does not listen is no trouble of ours.
    private func tell(_ words: String) {
        guard let address, let (place, length) = Self.socketAddress(address) else { return }
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return }
        defer { close(socket) }
        var (to, bytes) = (place, Array(words.utf8))
        _ = withUnsafePointer(to: &to) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { sendto(socket, &bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL), $0, length) }
        }
    }

    /// A path, or with `@` in front a name in the kernel's own namespace, which begins with a zero byte and ends with its length.
    static func socketAddress(_ text: String) -> (sockaddr_un, socklen_t)? {
        var place = sockaddr_un()
        var name = Array(text.utf8)
        let isAbstract = name.first == UInt8(ascii: "@")
        guard isAbstract || name.first == UInt8(ascii: "/") else { return nil }
        if isAbstract { name[0] = 0 }
        let room = MemoryLayout.size(ofValue: place.sun_path)
        guard name.count < room else { return nil }
        place.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &place.sun_path) { $0.copyBytes(from: name) }
        let head = MemoryLayout<sockaddr_un>.size - room
        return (place, socklen_t(head + name.count + (isAbstract ? 0 : 1)))
    }
}
