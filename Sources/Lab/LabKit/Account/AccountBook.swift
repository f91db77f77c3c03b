import Foundation
import Synchronization

/// Writes an account: the intent before an act, its outcome after. Any number of agents may share it.
final class AccountBook: Sendable {
    private struct State: Sendable {
        let file: Int32
        var number: Int
    }

    private let state: Mutex<State>

    init(folder: TenantFolder, after lastNumber: Int) throws {
        let file = open(folder.accountActs, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw Spawn.Failed(description: "cannot open \(folder.accountActs)") }
        // A killed writer may have left half a line: the next must not be glued to it.
        let size = lseek(file, 0, SEEK_END)
        if size > 0, FileManager.default.contents(atPath: folder.accountActs)?.last != 0x0A { ftruncate(file, Self.wholeLines(folder)) }
        state = Mutex(State(file: file, number: lastNumber))
    }

    /// Returns the act's number.
    func intend(_ intent: AccountLine.Intent) -> Int {
        state.withLock { state in
            state.number += 1
            Self.append(AccountLine(number: state.number, at: Date.now.timeIntervalSince1970, intent: intent), to: state.file)
            return state.number
        }
    }

    func conclude(_ number: Int, _ outcome: AccountLine.Outcome) {
        state.withLock {
            Self.append(AccountLine(number: number, at: Date.now.timeIntervalSince1970, outcome: outcome), to: $0.file)
        }
    }

    // MARK: - Non public

    private static func wholeLines(_ folder: TenantFolder) -> off_t {
        guard let data = FileManager.default.contents(atPath: folder.accountActs), let end = data.lastIndex(of: 0x0A) else { return 0 }
        return off_t(end + 1)
    }

    private static func append(_ line: AccountLine, to file: Int32) {
        guard var data = try? JSONEncoder().encode(line) else { return }
        data.append(0x0A)
        let written = data.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        // An account that cannot be written must not be acted on.
        precondition(written == data.count, "the account cannot be written")
    }
}
