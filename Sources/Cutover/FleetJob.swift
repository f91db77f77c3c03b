/// What a loop has done beside itself.
enum FleetJob: Sendable {
    case ask(TenantID)
    case recheck(TenantID)
    /// Who may begin has to be looked at again: a bake is over.
    case admit

    struct Ended: Sendable {
        enum Result: Sendable {
            case asked(Swift.Result<FleetRun.Answer, EngineError>)
            case rechecked(Swift.Result<Engine.Recheck?, EngineError>)
        }
        let tenant: TenantID
        let result: Result
    }

    /// Nil for what the loop does itself.
    func carryOut(_ run: FleetRun, _ engine: Engine) async -> Ended? {
        switch self {
        case .admit: return nil
        case .ask(let tenant): return Ended(tenant: tenant, result: .asked(await run.burst(tenant, engine)))
        case .recheck(let tenant):
            do throws(EngineError) { return Ended(tenant: tenant, result: .rechecked(.success(try await engine.recheck(tenant)))) } catch {
                return Ended(tenant: tenant, result: .rechecked(.failure(error)))
            }
        }
    }
}
