/// How far a step under way is, for people who look on. Told often and recorded nowhere: what is recorded are checkpoints.
public struct StepProgress: Sendable, Equatable {
    public let line: String
    /// 0 to 1; nil when nobody knows.
    public let share: Double?
    public init(_ line: String, share: Double? = nil) {
        self.line = line
        self.share = share
    }
}

/// Who looks on while the engine works, and may leave while work on a host goes on by itself.
public struct Spectator: Sendable {
    public let told: @Sendable (StepRef, StepProgress) -> Void
    public let isLeaving: @Sendable () -> Bool
    public init(told: @escaping @Sendable (StepRef, StepProgress) -> Void = { _, _ in }, isLeaving: @escaping @Sendable () -> Bool = { false }) {
        self.told = told
        self.isLeaving = isLeaving
    }
}

extension Engine {
    public func watched(by spectator: Spectator) -> Engine {
        var engine = self
        engine.spectator = spectator
        return engine
    }

    /// The same engine with less patience for a host: for what is nice to know.
    public func asking(within seconds: Int) -> Engine {
        var engine = self
        engine.operationSeconds = seconds
        return engine
    }
}

extension Site {
    /// Tells who looks on. Throws `.goesOn` when he wants to leave.
    public func tell(_ progress: StepProgress) throws(StepFailure) {
        spectator.told(sight.ref, progress)
        guard spectator.isLeaving() else { return }
        throw StepFailure("left while it goes on on the host: \(progress.line)", effect: .goesOn, next: "cutoverctl advance \(sight.ref.tenant)")
    }
}
