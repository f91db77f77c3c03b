/// What a wait's clock said at one moment.
public struct ClockReading: Sendable, Equatable {
    /// All since the wait began.
    public let stretches: [Stretch]
    /// How far the clock by which they are told is from ours, where that was measured.
    public let skew: ClockSkew?
    public init(_ stretches: [Stretch], skew: ClockSkew? = nil) {
        self.stretches = stretches
        self.skew = skew
    }

    public static func coveredMilliseconds(_ stretches: some Sequence<Stretch>) -> Int64 {
        stretches.reduce(0) { sum, stretch in stretch.kind == .reset ? 0 : sum + stretch.milliseconds }
    }
}

/// The clocks of a tenant's waits, as its journalled events tell them: nothing else is read, so anybody can recompute them from an export.
public struct ClockHistory: Sendable, Equatable {
    public struct Clock: Sendable, Equatable {
        public let step: StepRef
        /// The event that began the wait.
        public let began: String
        public let at: Timestamp
        public fileprivate(set) var stretches: [Stretch] = []
        /// The revision of the event that told each last.
        public fileprivate(set) var toldBy: [Int] = []
        /// How far the host's clock, by which the stretches are told, was from ours when it was measured last.
        public fileprivate(set) var skew: ClockSkew?
        /// What was recorded as covered when the wait was verified, in seconds.
        public fileprivate(set) var verified: Int?
        public var coveredMilliseconds: Int64 { ClockReading.coveredMilliseconds(stretches) }
    }

    /// In the order in which the waits began; one that began anew is another.
    public private(set) var clocks: [Clock] = []

    public init(_ events: [Event]) {
        for event in events { add(event) }
    }

    private mutating func add(_ event: Event) {
        switch event.change {
        case .waitBegan(let ref): clocks.append(Clock(step: ref, began: event.hash, at: event.at))
        case .waitResumed(let ref, _, let since): clocks.append(Clock(step: ref, began: event.hash, at: since))
        case .clockRead(let ref, let from, let stretches, let skew):
            guard let index = clocks.lastIndex(where: { $0.step == ref }), from <= clocks[index].stretches.count else { return }
            // The last one told may have grown since.
            clocks[index].stretches.replaceSubrange(from..., with: stretches)
            clocks[index].toldBy.replaceSubrange(min(from, clocks[index].toldBy.count)..., with: stretches.map { _ in event.revision })
            clocks[index].skew = skew ?? clocks[index].skew
        case .verified(let ref, .inPlace(let evidence)):
            guard let index = clocks.lastIndex(where: { $0.step == ref }) else { return }
            clocks[index].verified = evidence.facts["covered"].flatMap(Int.init)
        default: return
        }
    }
}

extension Engine {
    /// Records what the clock's samples came to: every day, every time it is not only more of the same, and at the end.
    func record(_ reading: ClockReading, of ref: StepRef, isOver: Bool, _ ledger: Ledger) async throws(EngineError) {
        guard !reading.stretches.isEmpty else { return }
        let standing = await ledger.standing
        let told = standing.clock(of: ref.step)
        let isNew = reading.stretches.count > (told?.stretches ?? 0)
        let isDaily = told.map { time.now.seconds(since: $0.at) >= Self.clockDigestSeconds } ?? true
        guard isNew || isDaily || isOver else { return }
        let from = max(0, min((told?.stretches ?? 0) - 1, reading.stretches.count - 1))
        try await record(.clockRead(ref, from: from, Array(reading.stretches[from...]), skew: reading.skew), ledger)
    }

    /// A host's ledger only grows: what it has of a wait begins as it did when it was told, and is no less. Moments would tell nothing, for its
    /// clock may have been set.
    func compare(_ reading: ClockReading, of ref: StepRef, _ ledger: Ledger) async {
        guard let told = await ledger.standing.clock(of: ref.step) else { return }
        let (known, there) = (told.samples.reduce(0, +), reading.stretches.reduce(0) { $0 + $1.samples })
        if there >= known, told.first == nil || told.first == reading.stretches.first?.first { return }
        await ledger.alarm.raise(
            "the journal has \(known) samples of \(ref.place), and the host's ledger has \(there < known ? String(there) : "others"): the host was put back to an older state")
    }

    private static let clockDigestSeconds = 86_400.0
}
