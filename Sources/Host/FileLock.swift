import Foundation

/// An advisory lock on a file, let go when the process ends however it ends.
public final class FileLock: Sendable {
    private let file: Int32

    private init(file: Int32) { self.file = file }
    deinit { close(file) }

    /// Nil when another process holds it.
    public static func tryTake(_ path: String) throws(HostFault) -> FileLock? {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw HostFault.file(path, errno) }
        if flock(file, LOCK_EX | LOCK_NB) == 0 { return FileLock(file: file) }
        let code = errno
        close(file)
        if code == EWOULDBLOCK { return nil }
        throw HostFault.file(path, code)
    }

    /// Waits up to `seconds`; nil when it is still held then.
    public static func take(_ path: String, within seconds: Double) async throws(HostFault) -> FileLock? {
        let deadline = Date().addingTimeInterval(seconds)
        while true {
            if let lock = try tryTake(path) { return lock }
            if Date() > deadline { return nil }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { return nil }
        }
    }
}
