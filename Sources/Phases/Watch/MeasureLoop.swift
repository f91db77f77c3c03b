import Cutover
import DataPath
import Foundation
import Host
import Postgres

extension MemoryWatch {
    /// Measures, records what is wrong, and tells how far the copy is.
    static func measure(_ host: HostSight, _ measure: WatchMeasure) async {
        while !Task.isCancelled {
            do { if try Mirrored(host: host).tables().contains(measure.table) { try await measureUntilTrouble(host, measure) } } catch { tell("\(Redaction.of(host).clean("\(error)"))") }
            guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
        }
    }

    private static func measureUntilTrouble(_ host: HostSight, _ measure: WatchMeasure) async throws {
        let connection = try await host.session(readOnly: true, "cutover-measure", measure.table)
        do {
            var last: [String: String]?
            while !Task.isCancelled {
                let found = try await measure.measure(connection)
                if let found, found.keys != last?.keys {
                    try await WatchAlerts(host: host, table: measure.table).note(found)
                    last = found
                }
                try await measure.tell()
                try await Task.sleep(for: await measure.pause)
            }
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    /// Asks the agents' door what a recall takes, while anybody wants to know.
    static func probeDoor(_ host: HostSight, _ measure: WatchMeasure) async {
        while !Task.isCancelled {
            if await measure.wantsDoor {
                do { await measure.doorTook(milliseconds: try await DoorProbe(host: host).take()) } catch { tell("\(Redaction.of(host).clean("\(error)"))") }
            }
            guard (try? await Task.sleep(for: DoorProbe.pause)) != nil else { return }
        }
    }
}
