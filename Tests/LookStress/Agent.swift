import Foundation
import Postgres

/// One agent on one side: transactions of one to eight rows, some long, some rolled back, some REPEATABLE READ.
struct Agent: Sendable {
    let url: String
    let side: Int
    let number: Int
    let seed: Int
    let until: ContinuousClock.Instant
    /// Embeddings and texts that v2 does not take are written too.
    let widely: Bool

    private var table: String { side == 1 ? "agent_memories" : "memory_plugin.memory_records" }

    /// Returns how many transactions it committed.
    func run() async throws -> Int {
        // Every other agent does not wait for the disk: a power failure takes commits that it was told of.
        let session = Session(url, "agent-\(side)-\(number)", first: number == 1 ? "SET synchronous_commit = off" : "")
        var dice = Dice(seed: seed, stream: side * 100 + number)
        var texts = 0
        var committed = 0
        while ContinuousClock.now < until {
            do {
                let connection = try await session.connection()
                if try await transaction(connection, &dice, &texts) { committed += 1 }
            } catch let error as PostgresError {
                // Deadlocks among agents, our locks, a namespace deleted under the hand, a server that dies: agents see such things and go on.
                await session.recover(from: error)
            }
            try await Task.sleep(for: .milliseconds(dice.below(12)))
        }
        await session.close()
        return committed
    }

    private func transaction(_ connection: PostgresConnection, _ dice: inout Dice, _ texts: inout Int) async throws -> Bool {
        let isolation = dice.chance(20) ? "REPEATABLE READ" : "READ COMMITTED"
        let long = dice.chance(12)
        let count = dice.chance(50) ? 1 : 1 + dice.below(8)
        let numbers = Set((0..<count).map { _ in dice.chance(60) ? dice.below(World.hot) : dice.below(World.ids) }).sorted()
        try await connection.execute("BEGIN ISOLATION LEVEL \(isolation)")
        for number in numbers {
            try await touch(World.id(number), connection, &dice, &texts)
            if long { try await Task.sleep(for: .milliseconds((200 + dice.below(600)) / numbers.count)) }
        }
        let commits = !dice.chance(18)
        try await connection.execute(commits ? "COMMIT" : "ROLLBACK")
        return commits
    }

    private func touch(_ id: String, _ connection: PostgresConnection, _ dice: inout Dice, _ texts: inout Int) async throws {
        texts += 1
        let text = "s\(seed) side\(side) agent\(number) \(texts)"
        switch dice.below(100) {
        case ..<6 where widely:
            try await connection.query(
                "UPDATE \(table) SET embedding = $2::vector WHERE id = $1", [.text(id), .text("[\(texts),\(side),\(number)]")])
        case ..<10 where widely && side == 1:
            // v2 holds no blank text, and refuses others only when it gets them.
            let misfit = dice.chance(50) ? blank(texts) : "\(text) \(World.tooMuch)"
            try await connection.query("UPDATE \(table) SET content = $2 WHERE id = $1", [.text(id), .text(misfit)])
        case ..<45:
            try await connection.query(
                "UPDATE \(table) SET content = $2 WHERE id = $1", [.text(id), .text(text)])
        case ..<70:
            try await write(id, text, connection, &dice)
        case ..<88:
            try await connection.query("DELETE FROM \(table) WHERE id = $1", [.text(id)])
        default:
            try await connection.query("DELETE FROM \(table) WHERE id = $1", [.text(id)])
            try await write(id, text, connection, &dice)
        }
    }

    /// Blank, and yet another one each time: the number in spaces and tabs.
    private func blank(_ number: Int) -> String {
        String(String(number * 3 + self.number, radix: 2).map { $0 == "1" ? "\t" : " " }) + " "
    }

    /// v1 inserts where there is no such id; v2 has only the overwriting insert of its contract.
    private func write(_ id: String, _ text: String, _ connection: PostgresConnection, _ dice: inout Dice) async throws {
        let embedding = "[\(dice.below(9)),1,2]"
        if side == 1 {
            let place = dice.chance(3) ? World.places[6] : World.places[dice.below(6)]
            try await connection.query(
                """
                INSERT INTO agent_memories (id, workspace_id, scope, content, embedding) VALUES ($1, $2, $3, $4, $5::vector)
                ON CONFLICT (id) DO NOTHING
                """, [.text(id), .text(place.workspace), .text(place.scope), .text(text), .text(embedding)])
            return
        }
        let namespace = dice.chance(3) ? World.namespaces[5] : World.namespaces[dice.below(5)]
        try await connection.query(
            """
            INSERT INTO memory_plugin.memory_namespaces (name, kind) VALUES ($1, split_part($1, ':', 1)) ON CONFLICT DO NOTHING
            """, [.text(namespace)])
        try await connection.query(
            """
            INSERT INTO memory_plugin.memory_records (id, namespace, content, kind, source, embedding)
            VALUES ($1, $2, $3, 'fact', 'agent', $4::vector)
            ON CONFLICT (id) DO UPDATE SET namespace = excluded.namespace, content = excluded.content, propagation = NULL,
                embedding = excluded.embedding
            """, [.text(id), .text(namespace), .text(text), .text(embedding)])
    }
}

/// Re-parents workspaces, mostly while inserts into them are open, and deletes a namespace now and then.
struct Gardener: Sendable {
    let url: String
    let seed: Int
    let until: ContinuousClock.Instant

    func run() async throws {
        let session = Session(url, "gardener")
        // The open move holds a lock a barrier waits for, and must not wait for the barrier in turn through a second session.
        let besides = Session(url, "gardener", first: "SET lock_timeout = '50ms'")
        var dice = Dice(seed: seed, stream: 999)
        var inserted = 0
        while ContinuousClock.now < until {
            do {
                let connection = try await session.connection()
                let beside = try await besides.connection()
                if dice.chance(85) {
                    inserted += 1
                    try await move(dice.pick(World.wanderers), to: dice.pick(World.children), inserted, connection, beside)
                } else {
                    try await connection.query(
                        "DELETE FROM memory_plugin.memory_namespaces WHERE name = $1", [.text(dice.pick(World.namespaces))])
                }
            } catch let error as PostgresError {
                // A deadlock with an agent's foreign key check is nothing.
                await session.recover(from: error)
                await besides.recover(from: error)
            }
            try await Task.sleep(for: .milliseconds(40 + dice.below(150)))
        }
        await session.close()
        await besides.close()
    }

    /// A row written while the move is open is looked at under the old parent, and the move never saw it.
    private func move(
        _ wanderer: String, to parent: String, _ number: Int, _ connection: PostgresConnection, _ beside: PostgresConnection
    ) async throws {
        try await connection.transaction { connection in
            try await connection.query(
                "UPDATE workspaces SET parent_id = $2 WHERE id = $1", [.text(wanderer), .text(parent)])
            try await beside.query(
                "INSERT INTO agent_memories (id, workspace_id, scope, content) VALUES ($1, $2, 'TEAM', $3)",
                [.text(World.id(1000 + number)), .text(wanderer), .text("s\(seed) gardener \(number)")])
            try await Task.sleep(for: .milliseconds(60))
        }
    }
}
