public import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// The one resident thing on a tenant's host: keeps the stores in step and samples into the host's evidence ledger.
public enum MemoryWatch {
    /// Runs until it is told to end by SIGTERM. Answers the exit code.
    public static func run(state: String, env: String, tenant: TenantID) async -> Int32 {
        let host = await HostSight.asking(tenant: tenant, statePath: state, envPath: env)
        let supervised = WatchProcess(host).supervised
        guard Supervised.isWorker else { return await supervised.supervise() }
        let alone: FileLock?
        do { alone = try FileLock.tryTake("\(state)/watch.lock") } catch {
            tell("\(error)")
            return 1
        }
        guard let alone else {
            tell("another one runs for \(state)")
            return 0
        }
        defer { withExtendedLifetime(alone) {} }
        do { guard try supervised.beginWork() else { return 0 } } catch {
            tell("\(error)")
            return 1
        }
        await withTaskGroup(of: Void.self) { group in
            for table in LegacyTable.allCases {
                let measure = WatchMeasure(host, table)
                group.addTask { await KeepInStep(host: host, table: table, measure: measure).go() }
                group.addTask { await Self.measure(host, measure) }
                group.addTask { await probeDoor(host, measure) }
            }
            group.addTask { await sample(host) }
            group.addTask { await keepTally(host) }
            group.addTask { await Self.refresh(host) }
            group.addTask { await KeepSidecar(host: host).go() }
            // Each ends only when the watch is to end.
            await group.next()
            group.cancelAll()
        }
        return 0
    }

    /// A container that the env file names may be replaced by one with other secrets.
    private static func refresh(_ host: HostSight) async {
        while (try? await Task.sleep(for: .seconds(30))) != nil { await host.refresh() }
    }

    /// So that a database that is put back is known for it though no operation was carried out for days.
    private static func keepTally(_ host: HostSight) async {
        while (try? await Task.sleep(for: .seconds(30))) != nil {
            do { try await DatabaseTally().pulse(host) } catch { tell("\(Redaction.of(host).clean("\(error)"))") }
        }
    }

    private static func sample(_ host: HostSight) async {
        var next = Date()
        while !Task.isCancelled {
            do {
                if Date() >= next, try SamplingProfile.current(host) != nil, let turn = try SamplingProfile.tryTurn(host),
                    let profile = try SamplingProfile.current(host)
                {
                    defer { withExtendedLifetime(turn) {} }
                    next = Date().addingTimeInterval(Double(profile.everySeconds))
                    var outcome = await Sampler(host, profile).take()
                    // One retry within the sample: a single lost packet is no outage.
                    if outcome.verdict == .availability { outcome = await Sampler(host, profile).take() }
                    let facts = outcome.facts.merging(
                        ["marker": profile.marker.text, "verdict": outcome.verdict.rawValue, "detail": Redaction.of(host).clean(outcome.detail)]
                    ) { _, new in new }
                    // The profile may have been taken away while we looked.
                    if try SamplingProfile.current(host) == profile { try await host.evidence.append("sample", facts) }
                }
            } catch { tell("\(Redaction.of(host).clean("\(error)"))") }
            // A start that met us half way may have written its own pid over ours.
            do { guard try WatchProcess(host).supervised.beginWork() else { return } } catch { tell("\(error)") }
            guard (try? await Task.sleep(for: .milliseconds(100))) != nil else { return }
        }
    }

    /// Standard error is not buffered: what was said before a crash is in the log.
    static func tell(_ text: String) {
        FileHandle.standardError.write(Data("\(HostClock.now.at) watch: \(text)\n".utf8))
    }
}
