public import Postgres

/// Copies one key range beside the writer, on a connection of its own, and does nothing else.
///
/// It holds no lock: what keeps two of them apart is the row of their range, and what makes a doubled one harmless is `placed`.
public actor RangeCopier {
    private var transactions: LookTransactions
    private var copy: RangeCopy
    private var look: Look?

    /// `connection` belongs to the copier from here on; it must be outside a transaction.
    public init(_ connection: PostgresConnection, settings: DataPathSettings = DataPathSettings(), fence: Int64, range: Int) {
        transactions = LookTransactions(connection: connection, settings: settings, fence: fence)
        copy = RangeCopy(range: range)
    }

    /// One chunk, if the copy is asked for; idle when the range is done, or somebody else is at it. Throws as the writer does.
    public func step() async throws -> Writer.Step {
        let connection = transactions.connection
        let control = try await Control.read(connection, transactions.settings)
        guard control.fence == transactions.fence else { throw DataPathError.fenced(found: control.fence) }
        var step = Writer.Step()
        step.copyFinished = control.copyDone
        guard control.mode == .copy, !control.copyDone else { return step }
        let look = try await prepared()
        var copy = copy
        try await copy.step(control, look, transactions, &step)
        self.copy = copy
        step.idle = step.copied == 0
        return step
    }

    /// Closes the connection.
    public func stop() async {
        await transactions.connection.close()
    }

    // MARK: - Non public

    private func prepared() async throws -> Look {
        if let look { return look }
        transactions.seal = try await CaptureSeal.mark(transactions.connection, transactions.settings)
        let made = Look(layout: try await Layout.complete(transactions.connection, transactions.settings))
        look = made
        return made
    }
}
