import DataPath
import Foundation
import Host
import Postgres

/// Looks at what changed, and copies, as the control row says, at the pace that the throttle leaves.
struct KeepInStep: Sendable {
    let host: HostSight
    let table: LegacyTable
    let measure: WatchMeasure

    /// Until it is cancelled; begins again with a new session after any trouble.
    func go() async {
        while !Task.isCancelled {
            do { if try Mirrored(host: host).tables().contains(table) { try await lookWhileAsked() } } catch { MemoryWatch.tell("\(Redaction.of(host).clean("\(error)"))") }
            guard (try? await Task.sleep(for: .milliseconds(200))) != nil else { return }
        }
    }

    // MARK: - Non public

    private func lookWhileAsked() async throws {
        let connection = try await host.session("cutover-watch", table)
        do {
            guard try await connection.there("\(table.schema).control") else { return await connection.close() }
            let control = try await Control.read(connection, table.dataPath)
            guard control.mode == .sync || control.mode == .copy else { return await connection.close() }
            if let why = await DatabaseTally().disagreement(on: host) {
                MemoryWatch.tell("nothing is kept in step: \(why)")
                try await Task.sleep(for: .seconds(5))
                return await connection.close()
            }
            let lane = try await StoreLane.of(connection, table)
            if lane.isHTTP { return try await writeOverHTTP(lane, control, connection) }
            let writer = Writer(connection, settings: table.dataPath, fence: control.fence)
            try await writer.start()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await write(writer, ranges: control.ranges, connection) }
                for range in 1..<control.ranges { group.addTask { try await copy(range: range + 1, fence: control.fence) } }
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
    private func write(_ writer: Writer, ranges: Int, _ connection: PostgresConnection) async throws {
        while !Task.isCancelled {
            let throttle = try await measure.throttle()
            let began = ContinuousClock.now
            var step = Writer.Step()
            if throttle.lookRest == nil { step.ranges = ranges } else { step = try await writer.step(copying: throttle.copies) }
            if !step.truncated.isEmpty { try await WatchAlerts(host: host, table: table).noteTruncation(of: step.truncated) }
            if step.ranges != ranges { return }
            guard try await goesOn(after: step, throttle, since: began, connection) else { return }
        }
    }

    private func writeOverHTTP(_ lane: StoreLane, _ control: Control, _ connection: PostgresConnection) async throws {
        let writer = RemoteWriter(connection, settings: lane.settings, store: lane.records, fence: control.fence)
        await measure.plugin(isInTrouble: nil)
        do {
            try await writer.start()
            while !Task.isCancelled {
                let throttle = try await measure.throttle()
                let began = ContinuousClock.now
                let step = try await writer.step(looking: throttle.lookRest != nil, copying: throttle.copies)
                await measure.plugin(isInTrouble: step.trouble)
                guard try await goesOn(after: step, throttle, since: began, connection) else { break }
            }
        } catch {
            await writer.stop()
            throw error
        }
        await writer.stop()
    }

    /// Rests as the throttle says. False when nothing is to be kept in step any more.
    private func goesOn(
        after step: Writer.Step, _ throttle: Throttle, since began: ContinuousClock.Instant, _ connection: PostgresConnection
    ) async throws -> Bool {
        if step.idle {
            let mode = try await Control.read(connection, table.dataPath).mode
            if mode != .sync && mode != .copy { return false }
            try await Task.sleep(for: .milliseconds(25))
        } else {
            try await rest(max(step.copied > 0 ? throttle.copyRest : 0, throttle.lookRest ?? 0), since: began)
        }
        return true
    }

    /// One more range of the copy, on a connection of its own.
    private func copy(range: Int, fence: Int64) async throws {
        let connection = try await PostgresConnection.connect(try host.env().require("DATABASE_URL"), applicationName: "cutover-watch-copy")
        let copier = RangeCopier(connection, settings: table.dataPath, fence: fence, range: range)
        do {
            while !Task.isCancelled {
                let throttle = try await measure.throttle()
                let began = ContinuousClock.now
                if throttle.copies, try await !copier.step().idle {
                    try await rest(throttle.copyRest, since: began)
                } else {
                    try await Task.sleep(for: .milliseconds(200))
                }
            }
        } catch is CancellationError {
        } catch {
            await copier.stop()
            throw error
        }
        await copier.stop()
    }

    /// Rests for `share` of the time that the work took.
    private func rest(_ share: Double, since began: ContinuousClock.Instant) async throws {
        if share > 0 { try await Task.sleep(for: min((ContinuousClock.now - began) * share, .seconds(10))) }
    }
}
