/// Several readings in one delivery, for a way to a host on which each delivery takes seconds.
///
/// The host answers each by itself: what one of them can't tell keeps none of the others from being told. Nothing but readings may ride in it.
public struct Readings: Reading {
    public static let kind: OperationKind = "readings"
    /// In the order in which they were asked, each as it would have been answered alone.
    public typealias Result = [HostAnswer]

    /// One of them, known by all that it says: whatever says the same gets the same answer.
    public struct One: Sendable, Codable, Hashable {
        public let kind: OperationKind
        public let payload: String

        public init(_ reading: some Reading) throws {
            kind = type(of: reading).kind
            payload = try CanonicalJSON.text(reading)
        }
    }

    public let asked: [One]
    /// How long each of them may take.
    public let seconds: Int

    public init(_ asked: [One], seconds: Int) {
        self.asked = asked
        self.seconds = seconds
    }
}

extension Sight {
    /// The same sight, in which these readings were asked in one delivery: asked again, they are answered from it.
    ///
    /// A host whose program does not know how to take several at once is asked for one after another, as they are needed.
    public func having(_ readings: [any Reading]) async -> Sight {
        var asked: [Readings.One] = []
        // What can't be written as JSON says so when it is asked.
        for reading in readings {
            if let one = try? Readings.One(reading), known[one] == nil, !asked.contains(one) { asked.append(one) }
        }
        guard asked.count > 1 else { return self }
        var sight = self
        do throws(StepFailure) {
            guard let answers = try await link.answers(to: Readings(asked, seconds: link.timeoutSeconds)) else { return self }
            for (one, answer) in zip(asked, answers) { sight.known[one] = answer }
        } catch {
            let answer = HostAnswer(id: link.readingID(for: ref), status: .failed, failure: error)
            for one in asked { sight.known[one] = answer }
            // What gates ask next, each of them.
            do throws(StepFailure) { sight.knownHand = .success(try await hand()) } catch { sight.knownHand = .failure(error) }
        }
        return sight
    }

    /// The same sight, with what another one of the same host has asked together.
    func knowing(what other: Sight?) -> Sight {
        guard let other else { return self }
        var sight = self
        (sight.known, sight.knownHand) = (other.known, other.knownHand)
        return sight
    }
}

extension HostLink {
    /// Nil when the host does not take several at once.
    fileprivate func answers(to readings: Readings) async throws(StepFailure) -> [HostAnswer]? {
        let within = readings.seconds * readings.asked.count
        let answer = try await send(readings, as: .reading, once: nil, id: readingID(for: ref), within: within)
        if answer.status == .refused { return nil }
        let answers = try value(of: answer, for: Readings.self, changes: false)
        guard answers.count == readings.asked.count else {
            throw StepFailure("\(host.host) answered \(answers.count) of \(readings.asked.count) questions", effect: .nothingChanged, next: "cutoverctl why \(host.id)")
        }
        return answers
    }
}
