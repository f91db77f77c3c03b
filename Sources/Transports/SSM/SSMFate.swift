/// What a status of a command on one host says about whether it ran.
///
/// Only that of the host counts: the command's own may say success while a host was never reached.
enum SSMFate: Sendable, Equatable {
    /// Not over, or in words that nobody knows: what counts then is our own deadline.
    case underWay
    /// It ran to its end. What it says itself counts, and not that it is called a success or a failure.
    case ended
    /// It may have run, all of it or a part: the host must be asked.
    case unsure(String)
    /// It did not run and will not.
    case notStarted(String)

    /// - Parameter details: spelled with and without spaces by AWS itself.
    init(status: String?, details: String?) {
        let words = Self.plain(details ?? "")
        switch words.isEmpty ? Self.plain(status ?? "") : words {
        case "success", "failed": self = .ended
        case "executiontimedout": self = .unsure("it was killed on the host when its time was over")
        case "deliverytimedout": self = .unsure("the host did not take it in time, as far as Systems Manager knows")
        case "timedout": self = .unsure("its time was over")
        case "cancelled": self = .unsure("somebody cancelled it")
        case "terminated": self = .notStarted("Systems Manager ended the command before this host's turn")
        case "undeliverable": self = .notStarted("Systems Manager could not deliver it: the host is not there, or its agent does not answer")
        case "invalidplatform": self = .notStarted("the host's platform runs no shell scripts of Systems Manager")
        case "accessdenied": self = .notStarted("the host may not be sent commands with these rights")
        default: self = .underWay
        }
    }

    private static func plain(_ words: String) -> String { words.filter { !$0.isWhitespace }.lowercased() }
}
