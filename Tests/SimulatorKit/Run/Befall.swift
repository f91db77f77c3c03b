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
}
