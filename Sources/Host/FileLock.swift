/// An advisory lock on a file, let go when the process ends however it ends.
public final class FileLock: Sendable {
    private let held: any HeldLock

    private init(_ held: any HeldLock) { self.held = held }

    /// Nil when another process holds it.
    public static func tryTake(_ path: String) throws(HostFault) -> FileLock? { try HostMachine.here.disk.tryLock(path).map { FileLock($0) } }

    /// Waits up to `seconds`; nil when it is still held then.
    public static func take(_ path: String, within seconds: Double) async throws(HostFault) -> FileLock? {
        let machine = HostMachine.here
        let deadline = machine.clocks().uptime + seconds
        while true {
            if let lock = try tryTake(path) { return lock }
            if machine.clocks().uptime > deadline { return nil }
            do { try await machine.rest(20) } catch { return nil }
        }
    }
}
