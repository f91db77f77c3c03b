/// What concerns no single tenant: a fold of the fleet's stream.
public struct FleetStanding: Sendable, Equatable {
    /// A wave that has opened: who moves in it was settled then, whoever joins or leaves the fleet later.
    public struct OpenWave: Sendable, Equatable {
        public let name: String
        public let tenants: [TenantID]
        public let at: Timestamp
    }

    /// A person stopped a wave, or, without one, the whole fleet.
    public struct Hold: Sendable, Equatable {
        public let wave: String?
        public let by: OperatorID
        public let reason: String
        public let at: Timestamp
    }

    /// Who carried out a saved preview.
    public struct Use: Sendable, Equatable {
        public let by: OperatorID
        public let at: Timestamp
        public let tenants: [TenantID]
    }

    public private(set) var revision = 0
    public private(set) var head: String
    /// In the order in which they opened.
    public private(set) var waves: [OpenWave] = []
    /// What each plan said that was ever carried out here, by digest.
    public private(set) var plans: [String: String] = [:]
    /// By the preview's name.
    public private(set) var uses: [String: Use] = [:]

    /// Nil where it was not kept, or this build can't read it.
    public func plan(_ digest: String) -> Plan? { plans[digest].flatMap { try? CanonicalJSON.value(Plan.self, from: $0) } }
    /// Those that have not been released, the fleet's own first.
    public private(set) var holds: [Hold] = []

    public init(journal: JournalID) { head = Event.genesis(of: .fleet, in: journal) }

    public mutating func apply(_ event: Event) {
        revision = event.revision
        head = event.hash
        switch event.change {
        case .waveOpened(let name, let tenants): waves.append(OpenWave(name: name, tenants: tenants, at: event.at))
        case .planKept(let digest, let text): plans[digest] = text
        case .fleetHeld(let wave, let reason):
            holds.removeAll { $0.wave == wave }
            holds.insert(Hold(wave: wave, by: event.by, reason: reason, at: event.at), at: wave == nil ? 0 : holds.count)
        case .fleetReleased(let wave, _): holds.removeAll { $0.wave == wave }
        case .previewUsed(let preview, _, let tenants): uses[preview] = Use(by: event.by, at: event.at, tenants: tenants)
        default: break
        }
    }
}

/// Reads of the fleet's stream only what it has not read yet: it is asked at every decision, and holds whole waves. As with a tenant's, the last
/// event that is known is read along: where that is another one by now, or is gone, the journal was put back.
actor FleetReader {
    private var known: FleetStanding?

    func read(_ journal: any Journal) async throws(JournalError) -> FleetStanding {
        if let before = known, before.revision > 0 {
            let events = try await journal.events(in: .fleet, after: before.revision - 1)
            if events.first?.hash == before.head {
                var standing = before
                for event in events.dropFirst() { standing.apply(event) }
                // Another reader may have come further meanwhile.
                if standing.revision >= known?.revision ?? 0 { known = standing }
                return standing
            }
        }
        var standing = FleetStanding(journal: try await journal.identity())
        for event in try await journal.events(in: .fleet, after: 0) { standing.apply(event) }
        known = standing
        return standing
    }
}

extension Engine {
    public func fleetStanding() async throws(EngineError) -> FleetStanding {
        do { return try await readers.fleet.read(journal) } catch { throw .journal(error) }
    }

    /// Does what `body` says while nobody else decides who may begin. Throws the journal's `.leased` when another one does so for long.
    func decidingForFleet<Value: Sendable>(
        _ body: (FleetStanding, Lease) async throws(EngineError) -> Value
    ) async throws(EngineError) -> Value {
        await fleetTurn.take()
        do throws(EngineError) {
            let lease = try await fleetLease()
            let value: Value
            do throws(EngineError) { value = try await undisturbed { () async throws(EngineError) in try await body(try await fleetStanding(), lease) } } catch {
                try? await journal.giveBack(lease)
                throw error
            }
            try? await journal.giveBack(lease)
            await fleetTurn.leave()
            return value
        } catch {
            await fleetTurn.leave()
            throw error
        }
    }

    /// Again when a person's note, which needs no lease, came into the fleet's stream meanwhile. What `body` does elsewhere it does after its last word there.
    func undisturbed<Value: Sendable>(_ body: () async throws(EngineError) -> Value) async throws(EngineError) -> Value {
        for _ in 0..<20 {
            do throws(EngineError) { return try await body() } catch {
                guard case .journal(.conflict(.fleet, _)) = error else { throw error }
            }
        }
        throw .journal(.unreachable("the fleet's stream moves on faster than it can be written to"))
    }

    func fleetLease() async throws(EngineError) -> Lease {
        var patience = 50
        while true {
            do {
                let now = time.now
                return try await journal.lease(.fleet, to: holder.name, until: now.adding(seconds: holder.seconds), now: now, gone: holder.gone)
            } catch {
                patience -= 1
                guard case .leased = error, patience > 0, (try? await time.sleep(milliseconds: 100)) != nil else { throw .journal(error) }
            }
        }
    }

    /// Freezes the wave: these tenants move in it, and nobody else.
    func open(_ wave: Rollout.Assigned, _ fleet: inout FleetStanding, _ lease: Lease) async throws(EngineError) {
        fleet.apply(try await tell(.waveOpened(name: wave.wave.name, tenants: wave.tenants), after: fleet, under: lease))
    }

    /// Records it in the fleet's stream; a note of a person needs no lease.
    @discardableResult
    func tell(_ change: Event.Change, after fleet: FleetStanding, under lease: Lease?) async throws(EngineError) -> Event {
        let event = Event(stream: .fleet, revision: fleet.revision + 1, at: time.now, by: me, fence: lease?.fence ?? 0, change: change, previous: fleet.head)
        do { try await journal.append([event], status: nil, under: lease) } catch { throw .journal(error) }
        return event
    }
}
