/// The agents of several tenants, to be started, stopped or paused together.
public struct AgentsCrew {
    private let processes: [AgentsProcess]

    /// - Parameter tenants: none means all of the lab's.
    public init(root: String, tenants: [String]) throws {
        let lab = try Lab.open(root: root)
        processes = try lab.tenants(tenants).map {
            AgentsProcess(layout: lab.layout, tenant: $0.id, programs: lab.programs)
        }
    }

    public func start() throws { for process in processes { try process.startIfStopped() } }
    public func stop() { for process in processes { process.stop() } }
    public func pause() throws { for process in processes { try process.pause() } }
    public func resume() { for process in processes { process.resume() } }
}
