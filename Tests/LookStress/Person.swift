import DataPath
import Foundation
import Postgres

/// Settles open conflicts as the list shows them, while agents go on writing.
struct Person: Sendable {
    let url: String
    let seed: Int
    let until: ContinuousClock.Instant

    /// Returns how many conflicts were settled.
    func run() async throws -> Int {
        let session = Session(url, "cutover-person")
        var dice = Dice(seed: seed, stream: 997)
        var settled = 0
        while ContinuousClock.now < until {
            try await Task.sleep(for: .milliseconds(100 + dice.below(300)))
            do {
                let connection = try await session.connection()
                let listed = try await connection.query(
                    """
                    SELECT id, v1_digest::text AS one, v2_digest::text AS two FROM cutover.conflicts
                    WHERE closed IS NULL AND v1_digest IS NOT NULL AND v2_digest IS NOT NULL
                    """
                ).map { (id: try $0.uuid("id"), one: try $0.string("one"), two: try $0.string("two")) }
                if listed.isEmpty { continue }
                let (id, one, two) = dice.pick(listed)
                try await Task.sleep(for: .milliseconds(dice.below(60)))
                let choice: Resolution.Choice = dice.chance(40) ? .v1 : dice.chance(70) ? .v2 : .text("s\(seed) person \(settled)")
                try await Resolution(fence: 0).settle(id, seen1: one, seen2: two, keep: choice, connection)
                settled += 1
            } catch {
                // What is no longer as it was seen, or held by an agent, is told so.
                if error is DataPathError { continue }
                guard let error = error as? PostgresError else { throw error }
                await session.recover(from: error)
            }
        }
        await session.close()
        return settled
    }
}
