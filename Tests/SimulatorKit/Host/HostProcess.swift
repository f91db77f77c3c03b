import Host
import Synchronization

/// A process on a simulated host. It can be made to die at any of the moments at which it changes something.
final class HostProcess: Sendable {
    private struct State {
        var isDead = false
        var touches = 0
        var last = 0
        var lastWords: String?
        var onDeath: @Sendable () -> Void = {}
    }

    let number: Int32
    private let state = Mutex(State())

    init(number: Int32) { self.number = number }

    @TaskLocal static var current: HostProcess?

    var isDead: Bool { state.withLock { $0.isDead } }
    /// How many such moments there were so far.
    var touches: Int { state.withLock { $0.touches } }

    /// It dies at the `touch`-th moment from now on, counted from 1, before what it was about to do is done.
    func die(atTouch touch: Int, _ onDeath: @escaping @Sendable () -> Void = {}) {
        state.withLock { state in
            state.last = state.touches + touch
            state.onDeath = onDeath
        }
    }

    /// It dies before it does the first thing whose name begins so.
    func die(before what: String) { state.withLock { $0.lastWords = what } }

    /// It is gone, whatever it was doing.
    func kill() { state.withLock { $0.isDead = true } }

    func touch(_ what: String) throws(HostFault) {
        let onDeath = state.withLock { state -> (@Sendable () -> Void)? in
            if state.isDead { return nil }
            state.touches += 1
            guard state.touches == state.last || state.lastWords.map(what.hasPrefix) == true else { return nil }
            state.isDead = true
            return state.onDeath
        }
        onDeath?()
        try live()
    }

    func live() throws(HostFault) { if isDead { throw HostFault.said("the process was killed") } }
}
