import Dispatch

/// Runs one connection's jobs in order on a thread that may block, so that libpq never occupies the cooperative pool.
///
/// `DispatchSerialQueue`, which would be an executor by itself, is missing on Linux.
final class ConnectionQueue: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) {
        queue = DispatchQueue(label: label)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        let executor = asUnownedSerialExecutor()
        queue.async { unowned.runSynchronously(on: executor) }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }
}
