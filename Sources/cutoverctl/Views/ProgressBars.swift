import Cutover
import Foundation
import Synchronization

/// One line for each step under way, at the foot of a terminal and nowhere else: drawn over again as it moves, taken away before anything is printed.
final class ProgressBars: Sendable {
    private struct State {
        var lines: [TenantID: StepProgress] = [:]
        var drawn = 0
        var at = 0.0
    }
    private let state = Mutex(State())
    private let write: @Sendable (String) -> Void
    private let columns: Int
    private let isPlain: Bool

    /// - Parameters:
    ///   - columns: the width of the terminal; 0 where there is none, and then nothing is drawn.
    init(columns: Int, isPlain: Bool, write: @escaping @Sendable (String) -> Void) {
        self.columns = columns
        self.isPlain = isPlain
        self.write = write
    }

    static func onStandardError() -> ProgressBars { on(STDERR_FILENO, ProcessInfo.processInfo.environment) }

    static func on(_ file: Int32, _ environment: [String: String]) -> ProgressBars {
        var size = winsize()
        let isTerminal = isatty(file) == 1 && environment["TERM"] != "dumb"
        let known = ioctl(file, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        let isPlain = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: false)
        return ProgressBars(columns: isTerminal ? known ? Int(size.ws_col) : 80 : 0, isPlain: isPlain) { try? handle.write(contentsOf: Data($0.utf8)) }
    }

    func told(_ tenant: TenantID, _ progress: StepProgress) {
        guard columns > 0 else { return }
        state.withLock { state in
            state.lines[tenant] = progress
            draw(&state)
        }
    }

    /// Before a tenant's outcome is printed: its line is over.
    func end(_ tenant: TenantID) {
        guard columns > 0 else { return }
        state.withLock { state in
            erase(&state)
            state.lines[tenant] = nil
        }
    }

    private func erase(_ state: inout State) {
        guard state.drawn > 0 else { return }
        write(String(repeating: "\u{1B}[1A\u{1B}[2K", count: state.drawn))
        state.drawn = 0
    }

    private func draw(_ state: inout State) {
        erase(&state)
        let lines = state.lines.sorted { $0.key < $1.key }.map { line($0.key, $0.value) }
        write(lines.map { $0 + "\n" }.joined())
        state.drawn = lines.count
    }

    /// Cut to the terminal's width: a line that wraps could not be taken away again.
    func line(_ tenant: TenantID, _ progress: StepProgress) -> String {
        let width = 20
        let filled = progress.share.map { Int(min(1, max(0, $0)) * Double(width)) } ?? 0
        let bar = "[\(String(repeating: "#", count: filled))\(String(repeating: "-", count: width - filled))]"
        let text = String("\(tenant) \(bar) \(PlainText.line(progress.line))".prefix(max(1, columns - 1)))
        return isPlain ? text : text.replacing(bar, with: Paint.ansi.green(bar))
    }
}
