import Foundation

/// Why the data path stopped. Unless a case says otherwise, what was under way was rolled back.
public enum DataPathError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Another, newer operation owns the host: this writer must end.
    case fenced(found: Int64)
    /// The capture, or the table named here, is not there.
    case notInstalled(String)
    /// The tables or triggers are not those the capture was put on: an absent row may not be taken for a forgotten one.
    case captureBroken([String])
    /// Another writer holds the session lock.
    case writerRunning
    /// The tables stayed busy for as long as was allowed.
    case tablesBusy(String)
    /// The stores were not equal: this many ids differ.
    case notEqual(differing: Int)
    /// A quiesce took longer than its budget.
    case budgetSpent(seconds: Double)
    /// After writing, the two sides did not hold what was agreed.
    case readBackDiffers(ids: Int)
    /// A statement changed another number of rows than planned.
    case unexpectedCount(planned: Int, changed: Int)
    /// A condition asked again under the lock did not hold.
    case refused(String)
    /// An archive that cannot be trusted or read.
    case archive(String)

    public var description: String {
        switch self {
        case .fenced(let found): "a newer operation with fence \(found) has taken over"
        case .notInstalled(let what): "\(what) is not installed"
        case .captureBroken(let what): "change capture is not whole: \(what.joined(separator: "; "))"
        case .writerRunning: "another writer holds the lock"
        case .tablesBusy(let what): "\(what): the tables stayed locked by others"
        case .notEqual(let differing): "the two stores are not equal: \(differing) rows differ"
        case .budgetSpent(let seconds): "not done within \(seconds) seconds"
        case .readBackDiffers(let ids): "\(ids) rows read back differently from what was written"
        case .unexpectedCount(let planned, let changed): "planned to change \(planned) rows, changed \(changed)"
        case .refused(let why): why
        case .archive(let why): "archive: \(why)"
        }
    }
}
