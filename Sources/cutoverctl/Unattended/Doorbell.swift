import Cutover
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Rings a loop's bell when something outside may have changed: the journal's file was written to, a hold file came or went, an end was asked for.
///
/// A thread of its own sleeps in the kernel until then: nothing is polled.
final class Doorbell: Sendable {
    /// False where changes of files are not told: the loop has to poll them then.
    let hearsFiles: Bool

    /// - Parameter files: whose changes ring, whether or not they are there already. A file beside them whose name begins with theirs rings too.
    init(_ bell: Bell, files: [String], _ interrupts: Interrupts) {
        var ends: [Int32] = [-1, -1]
        let hasPipe = pipe(&ends) == 0
        if hasPipe {
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            interrupts.tell(pipe: ends[1])
        }
        let ears = Self.ears(files)
        hearsFiles = ears >= 0
        let watched = [ears, hasPipe ? ends[0] : -1].filter { $0 >= 0 }
        guard !watched.isEmpty else { return }
        let names = files.map { URL(filePath: $0).lastPathComponent }
        Thread.detachNewThread { Self.listen(watched, ears: ears, names) { bell.ring() } }
    }

    /// Nil where the journal is no file of this machine.
    static func file(ofJournal journal: String) -> String? {
        let path = journal.hasPrefix("sqlite:") ? String(journal.dropFirst(7)) : journal
        return path.contains("://") ? nil : path
    }

    // MARK: - Non public

    private static func ears(_ files: [String]) -> Int32 {
        #if os(Linux)
            let ears = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
            guard ears >= 0, !files.isEmpty else { return -1 }
            let changes = UInt32(IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
            for folder in Set(files.map { URL(filePath: $0).deletingLastPathComponent().path(percentEncoded: false) }) {
                guard inotify_add_watch(ears, folder, changes) >= 0 else {
                    close(ears)
                    return -1
                }
            }
            return ears
        #else
            return -1
        #endif
    }

    private static func listen(_ watched: [Int32], ears: Int32, _ names: [String], _ ring: () -> Void) {
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            var events = watched.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard poll(&events, nfds_t(events.count), -1) > 0 else {
                if errno == EINTR { continue }
                return
            }
            var rings = false
            for event in events where event.revents != 0 {
                let count = read(event.fd, &buffer, buffer.count)
                rings = rings || event.fd != ears || Self.concerns(buffer.prefix(max(0, count)), names)
            }
            if rings { ring() }
            // A journal that is written to all the time rings no more often than this.
            usleep(20_000)
        }
    }

    /// Whether any of the kernel's notes is about one of the files. What can't be told apart is.
    private static func concerns(_ notes: ArraySlice<UInt8>, _ names: [String]) -> Bool {
        let head = 16
        var at = notes.startIndex
        while at + head <= notes.endIndex {
            let length = notes[(at + 12)..<(at + 16)].reversed().reduce(0) { $0 << 8 | Int($1) }
            let name = String(decoding: notes[min(at + head, notes.endIndex)..<min(at + head + length, notes.endIndex)].prefix { $0 != 0 }, as: UTF8.self)
            if name.isEmpty || names.contains(where: name.hasPrefix) { return true }
            at += head + length
        }
        return false
    }
}
