import Foundation
import Synchronization

/// How often Ctrl-C was typed. A signal handler can reach nothing but a global, and may only touch it atomically.
private let typed = Atomic<Int>(0)

/// Ctrl-C once: nothing new begins. Twice: leave now, which is always safe, since every intent is in the journal.
struct Interrupts: Sendable {
    init() {
        signal(SIGINT) { _ in
            let times = typed.add(1, ordering: .relaxed).newValue
            if times > 1 { _exit(CommandExit.leftAtOnce.rawValue) }
            let note: StaticString = "stopping after what is under way; Ctrl-C again leaves now\n"
            _ = write(2, note.utf8Start, note.utf8CodeUnitCount)
        }
    }

    var isStopping: Bool { typed.load(ordering: .relaxed) > 0 }
}
