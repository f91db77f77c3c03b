public import Cutover
public import Host
import Phases
public import Simulation
import Synchronization

/// One tenant: a small faithful model of its database, its servers, its plugin and its agents, behind the operations that the real steps ask
/// its host for. Everything else of the host, ledger, lock, fence and chain, is the product's own.
public final class SimulatedTenant: Sendable {
    public let id: TenantID
    let plan: Plan
    private let clock: @Sendable () -> ClockFace
    private let model: Mutex<TenantState>

    /// - Parameter clock: the host's, which may be wrong.
    public init(_ id: TenantID, plan: Plan, chance: Chance, clock: @escaping @Sendable () -> ClockFace) {
        self.id = id
        self.plan = plan
        self.clock = clock
        var chance = chance
        model = Mutex(TenantState(id, seed: chance.next(), clocks: clock()))
    }

    /// What the real program would do with the host's own credentials, done to the model.
    /// - Parameter cut: asked between any two effects of an operation; throws when the host's process dies there.
    public func book(cut: @escaping @Sendable (String) throws -> Void) -> HostOperationBook {
        var book = TenantBook(tenant: self, cut: cut)
        book.addHost()
        book.addMirror()
        book.addWiring()
        book.addWaits()
        book.addFreeze()
        book.addArchive()
        book.addDrop()
        book.addPeople()
        return book.operations
    }

    /// Agents work, and the watch keeps the stores in step, until then.
    public func agentsWork(from: Timestamp, to: Timestamp) {
        let clocks = clock()
        model.withLock { model in
            model.live(until: to)
            model.anchor(clocks)
        }
    }

    public func befall(_ mishap: TenantMishap) {
        now { $0.befall(mishap) }
    }

    /// As it is, past the engine's knowledge.
    var truth: TenantState { model.withLock { $0 } }

    // MARK: - For the operations

    /// The model as it is at this moment. What throws has changed nothing.
    @discardableResult
    func now<Value>(_ body: (inout TenantState) throws -> Value) rethrows -> Value {
        let clocks = clock()
        return try model.withLock { model in
            model.live(by: clocks)
            var changed = model
            let value = try body(&changed)
            model = changed
            return value
        }
    }

    var clocks: ClockFace { clock() }
}
