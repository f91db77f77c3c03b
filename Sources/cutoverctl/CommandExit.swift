/// What the exit code tells whoever called: scripts branch on it.
enum CommandExit: Int32, Sendable, CaseIterable {
    case done = 0
    case failed = 1
    /// A preview found something to do, or a check found drift.
    case changesPending = 2
    /// A gate, an approval, a clock or a hold.
    case inTheWay = 3
    case partlyDone = 4
    case leased = 5
    case unknown = 6
    case usage = 64
    case leftAtOnce = 130

    /// The one that counts where several apply: what needs the most care first.
    static func worst(of statuses: some Sequence<CommandExit>) -> CommandExit {
        let present = Set(statuses)
        return precedence.first { present.contains($0) } ?? .done
    }

    static let precedence: [CommandExit] = [.leftAtOnce, .usage, .leased, .unknown, .failed, .partlyDone, .inTheWay, .changesPending, .done]
}
