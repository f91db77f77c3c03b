import Cutover
import Foundation
import Testing

@testable import cutoverctl

@Suite("how far steps are, at the foot of a terminal") struct ProgressBarsTests {
    /// A terminal of our own: what is written to `file` can be read back.
    private final class Terminal {
        let file: Int32
        private let other: Int32

        init(columns: UInt16) throws {
            // What posix_openpt, unlockpt and ptsname do, which Swift's Glibc does not show.
            let (unlock, number): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
            other = open("/dev/ptmx", O_RDWR | O_NOCTTY)
            var (no, which): (Int32, Int32) = (0, -1)
            guard other >= 0, ioctl(other, unlock, &no) == 0, ioctl(other, number, &which) == 0 else { throw POSIXError(.ENOTTY) }
            file = open("/dev/pts/\(which)", O_RDWR | O_NOCTTY)
            var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
            _ = ioctl(file, UInt(TIOCSWINSZ), &size)
            var mode = termios()
            tcgetattr(file, &mode)
            // As it was written, without a carriage return before each line feed.
            mode.c_oflag &= ~tcflag_t(OPOST)
            tcsetattr(file, TCSANOW, &mode)
        }

        deinit {
            close(file)
            close(other)
        }

        /// What was written since the last time. A terminal hands it on when it likes, so the end is marked by a byte of ours.
        var shown: String {
            var end = UInt8(7)
            write(file, &end, 1)
            var all: [UInt8] = []
            while all.last != end {
                var buffer = [UInt8](repeating: 0, count: 1 << 12)
                let count = read(other, &buffer, buffer.count)
                guard count > 0 else { break }
                all += buffer[..<count]
            }
            return String(decoding: all.dropLast(), as: UTF8.self)
        }
    }

    private static let up = "\u{1B}[1A\u{1B}[2K"

    @Test("on a terminal each tenant has one line, drawn over as it moves and taken away when its outcome is printed")
    func terminal() throws {
        let terminal = try Terminal(columns: 80)
        let bars = ProgressBars.on(terminal.file, ["NO_COLOR": "1"])
        bars.told("acme", StepProgress("500 of 1000 rows (50%), 250 rows/s, 2 s left", share: 0.5))
        let acme = "acme [##########----------] 500 of 1000 rows (50%), 250 rows/s, 2 s left\n"
        #expect(terminal.shown == acme)
        bars.told("zeta", StepProgress("nobody knows"))
        let zeta = "zeta [--------------------] nobody knows\n"
        #expect(terminal.shown == Self.up + acme + zeta)
        bars.told("acme", StepProgress("all rows", share: 1.5))
        #expect(terminal.shown == Self.up + Self.up + "acme [####################] all rows\n" + zeta)
        bars.end("acme")
        #expect(terminal.shown == Self.up + Self.up)
        bars.told("zeta", StepProgress("still", share: 0.05))
        #expect(terminal.shown == "zeta [#-------------------] still\n")
        bars.end("zeta")
        #expect(terminal.shown == Self.up)
        bars.end("zeta")
        #expect(terminal.shown == "")
    }

    @Test("no line is wider than the terminal, and none has a line feed of its own: it could not be taken away again")
    func narrow() throws {
        let terminal = try Terminal(columns: 40)
        let bars = ProgressBars.on(terminal.file, ["NO_COLOR": "1"])
        bars.told("acme", StepProgress("a text\nthat is longer than the terminal is wide", share: 0))
        let shown = terminal.shown
        #expect(shown.count == 40 && shown.hasSuffix("\n") && shown.dropLast().allSatisfy { !$0.isNewline }, "\(shown.debugDescription)")
    }

    @Test("the bar is green unless colours are unwanted, and a dumb terminal gets nothing")
    func colours() throws {
        let terminal = try Terminal(columns: 80)
        ProgressBars.on(terminal.file, [:]).told("acme", StepProgress("x", share: 0))
        #expect(terminal.shown.contains("\u{1B}[32m[--------------------]\u{1B}[0m"))
        ProgressBars.on(terminal.file, ["TERM": "dumb"]).told("acme", StepProgress("x", share: 0))
        #expect(terminal.shown == "")
    }

    @Test("into a pipe nothing is written")
    func pipe() throws {
        let pipe = Pipe()
        let bars = ProgressBars.on(pipe.fileHandleForWriting.fileDescriptor, [:])
        bars.told("acme", StepProgress("x", share: 0.5))
        bars.end("acme")
        try pipe.fileHandleForWriting.close()
        #expect(try pipe.fileHandleForReading.readToEnd()?.isEmpty ?? true)
    }
}
