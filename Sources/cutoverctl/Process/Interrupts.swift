import Foundation
import Synchronization

/// How often Ctrl-C was typed, or an end was asked for. A signal handler can reach nothing but a global, and may only touch it atomically.
private let typed = Atomic<Int>(0)
/// A pipe's end, into which a byte is written then; -1 where nobody listens.
private let listener = Atomic<Int32>(-1)
/// Whether what is said then is a log line.
private let saysJSON = Atomic(false)

/// Ctrl-C once: nothing new begins. Twice: leave now, which is always safe, since every intent is in the journal.
struct Interrupts: Sendable {
    /// - Parameters:
    ///   - alsoTermination: SIGTERM counts as Ctrl-C does: for what a service manager stops.
    ///   - asJSON: what is said of it is a log line.
    init(alsoTermination: Bool = false, asJSON: Bool = false) {
        saysJSON.store(asJSON, ordering: .relaxed)
        signal(SIGINT) { _ in Self.take("stopping after what is under way; Ctrl-C again leaves now\n") }
        if alsoTermination { signal(SIGTERM) { _ in Self.take("stopping after what is under way; asked again, it leaves now\n") } }
    }

    var isStopping: Bool { typed.load(ordering: .relaxed) > 0 }

    /// From now on a byte is written there whenever an end is asked for.
    func tell(pipe: Int32) { listener.store(pipe, ordering: .relaxed) }

    private static func take(_ note: StaticString) {
        let times = typed.add(1, ordering: .relaxed).newValue
        if times > 1 { _exit(CommandExit.leftAtOnce.rawValue) }
        let line: StaticString = "{\"level\":\"info\",\"logger\":\"cutoverctl.run\",\"message\":\"stopping after what is under way; asked again, it leaves now\"}\n"
        let said = saysJSON.load(ordering: .relaxed) ? line : note
        _ = write(2, said.utf8Start, said.utf8CodeUnitCount)
        let pipe = listener.load(ordering: .relaxed)
        var byte: UInt8 = 1
        if pipe >= 0 { _ = write(pipe, &byte, 1) }
    }
}
