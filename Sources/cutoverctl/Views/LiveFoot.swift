import Foundation
import Synchronization

/// Lines at the foot of a terminal, drawn over as they change and taken away before anything else is printed there.
final class LiveFoot: Sendable {
    private struct State {
        var lines: [String] = []
        var drawn = 0
    }
    private let state = Mutex(State())
    private let write: @Sendable (String) -> Void
    private let size: @Sendable () -> (rows: Int, columns: Int)

    init(size: @escaping @Sendable () -> (rows: Int, columns: Int), write: @escaping @Sendable (String) -> Void) {
        self.size = size
        self.write = write
    }

    /// Nil where there is no terminal that could be drawn on.
    static func onStandardError(_ variables: [String: String]) -> LiveFoot? {
        guard isatty(STDERR_FILENO) == 1, isatty(STDOUT_FILENO) == 1, variables["TERM"] != "dumb" else { return nil }
        let handle = FileHandle.standardError
        return LiveFoot(size: {
            var size = winsize()
            let known = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
            return known ? (Int(size.ws_row), Int(size.ws_col)) : (24, 80)
        }) { try? handle.write(contentsOf: Data($0.utf8)) }
    }

    /// - Parameter lines: made for so many rows and columns.
    func show(_ lines: (_ rows: Int, _ columns: Int) -> [String]) {
        let (rows, columns) = size()
        // The last row is left to the cursor, and some above to what was printed.
        let new = lines(max(4, rows * 2 / 3), columns)
        state.withLock { state in
            guard new != state.lines || state.drawn == 0 else { return }
            state.lines = new
            erase(&state)
            draw(&state)
        }
    }

    /// Prints what `body` prints above the lines.
    func above(_ body: () -> Void) {
        state.withLock { state in
            erase(&state)
            body()
            draw(&state)
        }
    }

    /// The lines stay as they are, and what comes is printed below.
    func leave() { state.withLock { $0 = State() } }

    private func erase(_ state: inout State) {
        if state.drawn > 0 { write(String(repeating: "\u{1B}[1A\u{1B}[2K", count: state.drawn)) }
        state.drawn = 0
    }

    private func draw(_ state: inout State) {
        write(state.lines.map { $0 + "\n" }.joined())
        state.drawn = state.lines.count
    }
}
