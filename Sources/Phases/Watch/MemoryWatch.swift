public import Cutover
import DataPath
import Foundation
import Host
import Postgres

/// The one resident thing on a tenant's host: keeps the stores in step and samples into the host's evidence ledger.
public enum MemoryWatch {
    /// Runs until it is told to end by SIGTERM. Answers the exit code.
    public static func run(state: String, env: String, tenant: TenantID) async -> Int32 {
        let host = HostSight(tenant: tenant, statePath: state, envPath: env)
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
        let measure = WatchMeasure(host)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await keepInStep(host, measure) }
            group.addTask { await Self.measure(host, measure) }
            group.addTask { await probeDoor(host, measure) }
            group.addTask { await sample(host) }
            // Either ends only when the watch is to end.
            await group.next()
            group.cancelAll()
        }
        return 0
    }

    /// Looks at what changed, as the control row says; begins again with a new session after any trouble.
    private static func keepInStep(_ host: HostSight, _ measure: WatchMeasure) async {
        while !Task.isCancelled {
            do { try await lookWhileAsked(host, measure) } catch { tell("\(Redaction.of(host).clean("\(error)"))") }
            guard (try? await Task.sleep(for: .milliseconds(200))) != nil else { return }
        }
    }

    private static func lookWhileAsked(_ host: HostSight, _ measure: WatchMeasure) async throws {
        let connection = try await PostgresConnection.connect(try host.env().require("DATABASE_URL"), applicationName: "cutover-watch")
        do {
            guard try await connection.there("cutover.control") else { return await connection.close() }
            let control = try await Control.read(connection)
            guard control.mode == .sync || control.mode == .copy else { return await connection.close() }
            let writer = Writer(connection, fence: control.fence)
            try await writer.start()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await write(writer, host, measure, ranges: control.ranges, connection) }
                for range in 1..<control.ranges { group.addTask { try await copy(host, measure, range: range + 1, fence: control.fence) } }
                // The copiers go on until they are told to end; the first to end is the writer, or whoever met trouble.
                defer { group.cancelAll() }
                try await group.next()
            }
            await writer.stop()
        } catch {
            await connection.close()
            if case DataPathError.fenced = error { return }
            throw error
        }
    }

    /// Until there is nothing to be kept in step, or the copy is divided anew and wants other copiers.
    private static func write(_ writer: Writer, _ host: HostSight, _ measure: WatchMeasure, ranges: Int, _ connection: PostgresConnection) async throws {
        while !Task.isCancelled {
            let throttle = try await measure.throttle()
            let began = ContinuousClock.now
            let paused = throttle.lookRest == nil
            let step = paused ? Writer.Step() : try await writer.step(copying: throttle.copies)
            if !step.truncated.isEmpty { try await WatchAlerts(host: host).noteTruncation(of: step.truncated) }
            if !paused, step.ranges != ranges { return }
            if step.idle {
                let mode = try await Control.read(connection).mode
                if mode != .sync && mode != .copy { return }
                try await Task.sleep(for: .milliseconds(25))
            } else {
                try await rest(max(step.copied > 0 ? throttle.copyRest : 0, throttle.lookRest ?? 0), after: ContinuousClock.now - began)
            }
        }
    }

    private static func rest(_ ratio: Double, after work: Duration) async throws {
        if ratio > 0 { try await Task.sleep(for: min(work * ratio, .seconds(10))) }
    }

    /// One more range of the copy, on a connection of its own.
    private static func copy(_ host: HostSight, _ measure: WatchMeasure, range: Int, fence: Int64) async throws {
        let connection = try await PostgresConnection.connect(try host.env().require("DATABASE_URL"), applicationName: "cutover-watch-copy")
        let copier = RangeCopier(connection, fence: fence, range: range)
        do {
            while !Task.isCancelled {
                let throttle = try await measure.throttle()
                let began = ContinuousClock.now
                if try await !throttle.copies || copier.step().idle { try await Task.sleep(for: .milliseconds(200)) }
                else { try await rest(throttle.copyRest, after: ContinuousClock.now - began) }
            }
        } catch is CancellationError {
        } catch {
            await copier.stop()
            throw error
        }
        await copier.stop()
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
