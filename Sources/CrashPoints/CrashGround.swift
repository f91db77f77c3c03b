#if CRASH_POINTS
    import Foundation
    import Synchronization

    /// The folder that the processes of a run share.
    ///
    /// A point's line reads `PROGRAM WORK: NAME #K`: the K-th time that this process reached it. A line `after N` in `at` stands for whatever point
    /// is the first one behind the N-th line of the trace.
    struct CrashGround: Sendable {
        static let variable = "CUTOVER_CRASH_POINTS"
        static let ours = getenv(variable).map { CrashGround(folder: String(cString: $0)) }

        let folder: String
        private static let counts = Mutex<[String: Int]>([:])
        private static let work = Mutex("")

        func carriesOut(_ work: String) { Self.work.withLock { $0 = work } }

        func reached(_ name: String) {
            let work = Self.work.withLock { $0 }
            let place = "\(Self.program)\(work.isEmpty ? "" : " \(work)"): \(name)"
            let count = Self.counts.withLock { counts in
                counts[place, default: 0] += 1
                return counts[place, default: 1]
            }
            tell("\(place) #\(count)")
        }

        /// One process at a time, so that a line kills one of them.
        private func tell(_ line: String) {
            let lock = open("\(folder)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
            guard lock >= 0 else { return }
            defer { close(lock) }
            while flock(lock, LOCK_EX) != 0, errno == EINTR {}
            let told = (Int(text("count")) ?? 0) + 1
            write(String(told), "count", O_TRUNC)
            write(line + "\n", "trace", O_APPEND)
            let died = Set(text("died").split(separator: "\n"))
            for wanted in text("at").split(separator: "\n") where !died.contains(where: { $0 == wanted || $0.hasPrefix("\(wanted) = ") }) {
                let isPassed = wanted.hasPrefix("after ") && Int(wanted.dropFirst(6)).map { told > $0 } ?? false
                guard isPassed || wanted == line else { continue }
                write(isPassed ? "\(wanted) = \(line)\n" : "\(wanted)\n", "died", O_APPEND)
                kill(getpid(), SIGKILL)
                while true { pause() }
            }
        }

        private func text(_ name: String) -> String { String(decoding: FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data(), as: UTF8.self) }

        private func write(_ text: String, _ name: String, _ how: Int32) {
            let file = open("\(folder)/\(name)", O_WRONLY | O_CREAT | O_CLOEXEC | how, 0o666)
            guard file >= 0 else { return }
            defer { close(file) }
            let bytes = Array(text.utf8)
            _ = Glibc.write(file, bytes, bytes.count)
        }

        /// The command, such as `run`, `host writing` or `host work archive`.
        private static let program: String = {
            let words = Array(CommandLine.arguments.dropFirst())
            let verbs = words.prefix { !$0.hasPrefix("-") }.prefix(["host", "journal", "key", "fleet"].contains(words.first) ? 2 : 1)
            let name = verbs.last == "work" ? words.firstIndex(of: "--name").map { words.dropFirst($0 + 1).prefix(1) } ?? [] : []
            return (verbs + name).joined(separator: " ")
        }()

        /// The file's name, with a star for what is another one in every run.
        static func shape(ofFile path: String) -> String { shape(path.split(separator: "/").last.map(String.init) ?? path) }

        private static func shape(_ text: String) -> String {
            text.replacing(#/[0-9a-f-]*[0-9][0-9a-f-]*/#) { $0.output.count > 5 || $0.output.allSatisfy(\.isNumber) ? "*" : String($0.output) }
        }
    }
#endif
