import Cutover
import Simulation
import Synchronization

/// Somebody who comes a few times a day, runs what may run until only clocks and people are left, and goes again. Each time is a process of its
/// own, which may not live to its end.
struct Operator: Sendable {
    let number: Int
    let world: World

    init(_ number: Int, _ world: World) {
        self.number = number
        self.world = world
    }

    func work() async {
        var chance = Chance(seed: world.setting.seed, for: "operator \(number)")
        var session = 0
        while true {
            // Not all at once, but now and then at the same time.
            guard (try? await world.time.sleep(seconds: session == 0 ? 60 + number * 30 : chance.number(6...20) * 3600 + chance.number(0...3) * 600)) != nil else { return }
            session += 1
            world.records.happen(Happening(at: world.time.now, tenant: nil, what: .sessionBegan(operator: number)))
            let outcomes = await run(session)
            world.records.happen(Happening(at: world.time.now, tenant: nil, what: .sessionEnded(operator: number)))
            await People(world).answer(outcomes)
        }
    }

    private func run(_ session: Int) async -> [TenantID: FleetRun.Outcome] {
        let fate = world.armed.withLock { $0.removeValue(forKey: number) }
        let process = ControllerProcess(world.time, diesAt: fate?.diesAt, sleeps: fate?.sleeps)
        let engine = world.engine(process, number, as: OperatorID("operator-\(number)"), LeaseHolder(name: "operator-\(number) session \(session)", seconds: 120))
        let last = Mutex([TenantID: FleetRun.Outcome]())
        let run = FleetRun(engine: engine, tenants: world.fleet.tenants.map(\.id), byWaves: true, pollMilliseconds: 120_000) { tenant, outcome in
            last.withLock { $0[tenant] = outcome }
        }
        do throws(EngineError) {
            let outcomes = try await run.run(waitForClocks: false, patience: 2)
            process.kill()
            return outcomes
        } catch {
            process.kill()
            switch error {
            // The journal was out of reach, or another operator was faster.
            case .journal(.damaged), .defect: world.records.trouble("operator \(number): \(error)")
            default: break
            }
            return last.withLock { $0 }
        }
    }
}
