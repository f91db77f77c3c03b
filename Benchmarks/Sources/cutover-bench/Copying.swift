import DataPath
import Postgres

/// Our copy of everything v1 has, in this process: a writer, and a copier for each range beyond the first.
struct Copying: Sendable {
    let url: String
    var ranges = 1

    func rowsPerSecond() async throws -> Double {
        let control = try await PostgresConnection.connect(url, applicationName: "bench")
        try await Control.restartCopy(fence: 0, ranges: ranges, control)
        let time = try await seconds {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await write() }
                for range in 2..<(ranges + 1) where ranges > 1 { group.addTask { try await copy(range) } }
                try await group.waitForAll()
            }
        }
        let copied = try await Control.read(control).copied
        await control.close()
        return Double(copied) / time
    }

    private func write() async throws {
        let writer = Writer(try await PostgresConnection.connect(url, applicationName: "bench-writer"), fence: 0)
        try await writer.start()
        var longest = Duration.zero
        while true {
            let step = try await writer.step()
            longest = max(longest, step.longest)
            if step.copyFinished { break }
        }
        tell("longest transaction \(longest)")
        await writer.stop()
    }

    private func copy(_ range: Int) async throws {
        let copier = RangeCopier(try await PostgresConnection.connect(url, applicationName: "bench-copier"), fence: 0, range: range)
        while try await !copier.step().copyFinished {}
        await copier.stop()
    }
}
