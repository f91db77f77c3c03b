import Glibc
import Synchronization

/// Everything that is asynchronous in this process, one job after the other on one thread, in the order in which it became ready. Between two
/// jobs nothing else runs: the same program with the same inputs always goes the same way.
///
/// For programs of their own: there is no way back for the process.
public enum OneThread {
    private typealias Original = @convention(thin) (UnownedJob) -> Void
    private typealias Hook = @convention(thin) (UnownedJob, Original) -> Void

    /// A queue whose front is taken without moving the rest.
    private struct Queue {
        var jobs: [UnownedJob] = []
        var front = 0

        mutating func take() -> UnownedJob? {
            guard front < jobs.count else {
                jobs.removeAll(keepingCapacity: true)
                front = 0
                return nil
            }
            defer { front += 1 }
            return jobs[front]
        }
    }

    private static let queue = Mutex(Queue())

    /// Takes the place of the pool of threads on which tasks otherwise run. To be called once, before any task is made.
    public static func takeOver() {
        guard let place = dlsym(dlopen(nil, RTLD_NOW), "swift_task_enqueueGlobal_hook") else { fatalError("this Swift does not let its tasks be run elsewhere") }
        let hook: Hook = { job, _ in OneThread.queue.withLock { $0.jobs.append(job) } }
        place.assumingMemoryBound(to: Hook?.self).pointee = hook
    }

    /// Runs what is ready until nothing is.
    static func runReady(until isOver: () -> Bool = { false }) {
        // No actor's executor: tasks and actors then change places on this thread without going through the queue.
        let anywhere = unsafeBitCast((0, 0), to: UnownedSerialExecutor.self)
        while !isOver(), let job = queue.withLock({ $0.take() }) { job.runSynchronously(on: anywhere) }
    }

    /// Runs `body` to its end. When nothing is ready, `idle` is asked for more; it answers false when there is none.
    /// Answers false when `body` waits for something that never comes.
    static func run(_ body: @escaping @Sendable () async -> Void, idle: () -> Bool) -> Bool {
        let flag = Flag()
        Task {
            await body()
            flag.raise()
        }
        while true {
            runReady(until: { flag.isRaised })
            if flag.isRaised { return true }
            if !idle() { return false }
        }
    }

    private final class Flag: Sendable {
        private let state = Mutex(false)
        var isRaised: Bool { state.withLock { $0 } }
        func raise() { state.withLock { $0 = true } }
    }
}
