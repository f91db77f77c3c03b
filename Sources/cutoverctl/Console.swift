import Cutover
import Foundation

/// Where a command speaks: data on standard output, words on standard error.
struct Console: Sendable {
    private let write: @Sendable (String, Bool) -> Void
    let paint: Paint
    let isTerminal: Bool

    init(paint: Paint = .none, isTerminal: Bool = false, write: @escaping @Sendable (_ text: String, _ isData: Bool) -> Void) {
        self.paint = paint
        self.isTerminal = isTerminal
        self.write = write
    }

    static var standard: Console {
        let isTerminal = isatty(STDOUT_FILENO) == 1
        let isPlain = ProcessInfo.processInfo.environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        let paint = isTerminal && !isPlain ? Paint.ansi : .none
        return Console(paint: paint, isTerminal: isTerminal) { text, isData in
            let handle: FileHandle = isData ? .standardOutput : .standardError
            // A reader that went away is no failure of ours.
            try? handle.write(contentsOf: Data(paint.only(text).utf8))
        }
    }

    /// Data: what was asked for.
    func show(_ text: String) { write(text.hasSuffix("\n") ? text : text + "\n", true) }
    /// Words: what a person may like to know.
    func note(_ text: String) { write(text + "\n", false) }

    /// A line of a log: as it is, without colours.
    func log(_ text: String) { write(text, false) }

    func complain(_ failure: CommandFailure) {
        let why = failure.why.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n        ")
        note("cutoverctl: \(failure.what)\n  why:  \(why)\n  next: \(failure.next)")
    }
}

/// Colours for a terminal; nothing for anything else.
enum Paint: Sendable {
    case none, ansi

    func red(_ text: String) -> String { wrap(text, "31") }
    func green(_ text: String) -> String { wrap(text, "32") }
    func yellow(_ text: String) -> String { wrap(text, "33") }
    func dim(_ text: String) -> String { wrap(text, "2") }

    /// The text with these colours, and with nothing else that a terminal would obey: whatever hosts, plans and people wrote is shown, not done.
    func only(_ text: String) -> String {
        guard HostWords.hasUnprintable(text) else { return text }
        let parts = text.split(separator: "\u{1B}", omittingEmptySubsequences: false)
        guard let first = parts.first else { return text }
        return parts.dropFirst().reduce(into: HostWords.plain(String(first))) { shown, part in
            let isOurs = self == .ansi && Self.codes.contains { part.hasPrefix("[\($0)m") }
            shown += (isOurs ? "\u{1B}" : " ") + HostWords.plain(String(part))
        }
    }

    private static let codes = ["31", "32", "33", "2", "0"]

    private func wrap(_ text: String, _ code: String) -> String {
        switch self {
        case .none: text
        case .ansi: "\u{1B}[\(code)m\(text)\u{1B}[0m"
        }
    }
}
