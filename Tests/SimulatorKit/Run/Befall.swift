import Cutover
import Host
import Simulation
import Synchronization

/// What each mishap does to the world.
extension World {
    func befall(_ mishap: Mishap) async {
        let now = time.now
        let tenant = Setting.tenant(mishap.whom)
        records.happen(Happening(at: now, tenant: nil, what: .mishap(mishap.description)))
        if let ofTenant = mishap.ofTenant {
            roads[tenant]?.host.catchUp()
            roads[tenant]?.host.model.befall(ofTenant)
            return
        }
        switch mishap.kind {
        case .operatorDies, .operatorSleeps, .appendNotHeardOf, .journalUnreachable: befallOperators(mishap, now)
        case .journalPutBack: await putBack(mishap)
        case .namedLate, .notNamed, .labelledOtherwise: edit(mishap, tenant)
        case .held, .fleetHeld, .takenBack, .planChanged, .waived, .abandoned: await People(self).act(mishap, tenant)
        default: if let road = roads[tenant] { befall(road, mishap, now) }
        }
    }

    private func befallOperators(_ mishap: Mishap, _ now: Timestamp) {
        switch mishap.kind {
        case .operatorDies: armed.withLock { $0[mishap.whom, default: (nil, nil)].diesAt = max(1, mishap.amount) }
        case .operatorSleeps:
            var chance = Chance(seed: setting.seed, for: mishap.description)
            armed.withLock { $0[mishap.whom, default: (nil, nil)].sleeps = (chance.number(1...60), max(1, mishap.amount)) }
        case .appendNotHeardOf: journalRoad.silence(mishap.whom, at: mishap.amount)
        default: journalRoad.close(until: now.adding(seconds: mishap.amount * 60))
        }
    }

    private func befall(_ road: Road, _ mishap: Mishap, _ now: Timestamp) {
        let (host, amount) = (road.host, mishap.amount)
        switch mishap.kind {
        case .processDies: host.doom(atTouch: max(1, amount))
        case .machineDiesWithIt: host.doom(atTouch: max(1, amount), downMinutes: 1 + amount * 3)
        case .machineCrashes: host.crash(minutes: amount)
        case .unreachable: road.close(until: now.adding(seconds: amount * 60))
        case .clockIsSet: host.setClock(by: amount)
        case .clockDrifts: host.drift(partsPerMillion: amount)
        case .requestLost: road.trouble(.requestLost, after: amount)
        case .answerLost: road.trouble(.answerLost, after: amount)
        case .deliveredTwice: road.trouble(.twice, after: amount)
        case .deliveredLate: road.trouble(.late(minutes: amount), after: 0)
        case .diskIsFull:
            host.disk.leaveRoom(bytes: 0)
            later(amount) { host.disk.leaveRoom(bytes: nil) }
        case .diskIsReadOnly:
            host.disk.setReadOnly(true)
            later(amount) { host.disk.setReadOnly(false) }
        default: return
        }
    }

    private func later(_ minutes: Int, _ body: @escaping @Sendable () -> Void) {
        let time = time
        Task {
            guard (try? await time.sleep(seconds: minutes * 60)) != nil else { return }
            body()
        }
    }

    // MARK: - The journal put back

    /// Copies of the journal are made when they are to be put back later.
    func copyJournal(for mishap: Mishap) async {
        guard mishap.kind == .journalPutBack, (try? await time.sleep(until: Setting.start.adding(seconds: max(0, mishap.minute - mishap.amount) * 60))) != nil else { return }
        let copy = await journal.copy
        copies.withLock { $0[mishap] = copy }
    }

    private func putBack(_ mishap: Mishap) async {
        guard let copy = copies.withLock({ $0.removeValue(forKey: mishap) }) else { return }
        await journal.putBack(copy)
        records.putBack(copy)
    }

    // MARK: - The fleet file

    private func edit(_ mishap: Mishap, _ tenant: TenantID) {
        switch mishap.kind {
        case .namedLate: listing.withLock { $0.unnamed[tenant, default: 1] -= 1 }
        case .notNamed:
            listing.withLock { $0.unnamed[tenant, default: 0] += 1 }
            later(mishap.amount * 60) { [listing] in listing.withLock { $0.unnamed[tenant, default: 1] -= 1 } }
        default:
            listing.withLock { $0.elsewhere[tenant, default: 0] += 1 }
            later(mishap.amount * 60) { [listing] in listing.withLock { $0.elsewhere[tenant, default: 1] -= 1 } }
        }
    }
}

/// What the fleet file says at the moment, otherwise than it did first.
final class Listing: Sendable {
    struct State {
        /// How many mishaps keep a tenant out of it, and out of its wave.
        var unnamed: [TenantID: Int] = [:]
        var elsewhere: [TenantID: Int] = [:]
    }
    private let state: Mutex<State>

    init(_ story: Story) {
        var state = State()
        for mishap in story.mishaps where mishap.kind == .namedLate { state.unnamed[Setting.tenant(mishap.whom), default: 0] += 1 }
        self.state = Mutex(state)
    }

    func withLock(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    func fleet(_ all: Fleet) -> Fleet {
        let state = state.withLock { $0 }
        return Fleet(
            tenants: all.tenants.filter { state.unnamed[$0.id] ?? 0 <= 0 }.map { host in
                guard state.elsewhere[host.id] ?? 0 > 0 else { return host }
                let env = host.labels["env"] == "staging" ? "live" : "staging"
                return TenantHost(id: host.id, host: host.host, transport: host.transport, labels: ["env": env], env: host.env, state: host.state)
            })
    }
}
