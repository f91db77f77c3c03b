import Cutover
import Host
import Phases

/// What this program does when it is the one on a tenant's host.
enum HostSide {
    static func serve(_ operationClass: String, input: [UInt8]) async -> (line: String, exitCode: Int32) {
        await HostProgram.serve(operationClass: operationClass, input: input, operations: MemoryCatalog.hostOperations)
    }

    /// What the watch told last, read where it was told.
    static func progress(state: String, env: String, tenant: String) async throws -> WatchProgress.Result {
        try await WatchProgress.told(HostSight(tenant: TenantID(tenant), statePath: state, envPath: env))
    }

    /// The host's own word against beginning anything; without a duration it is taken back.
    static func notNow(state: String, forSeconds seconds: Int?, reason: String) throws {
        try HostVeto.set(seconds.map { HostVeto(until: Wiring.time.now.adding(seconds: $0), reason: reason) }, state: state)
    }

    static func work(_ name: String, state: String, env: String, tenant: String) async -> Int32 {
        await DetachedWork(name, .asking(tenant: TenantID(tenant), statePath: state, envPath: env)).carryOut(MemoryCatalog.hostOperations)
    }

    static func watch(state: String, env: String, tenant: String) async -> Int32 {
        await MemoryWatch.run(state: state, env: env, tenant: TenantID(tenant))
    }
}
