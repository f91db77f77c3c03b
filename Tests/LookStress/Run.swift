import DataPath
import Foundation
import Postgres
import Synchronization

/// One seed: agents on both sides, writers that are killed, a copy that starts again and again, barriers under load; then rest, and judgement.
struct Run: Sendable {
    let cluster: Cluster
    let seed: Int
    let seconds: Double
    let variant: LookVariant
    let writers: Int

    struct Result: Sendable {
        var seed = 0
        var variant = LookVariant.lawful
        var writers = 1
        var transactions = 0
        var writes = 0
        var kills = 0
        var barriers = 0
        var barriersBusy = 0
        var conflicts = 0
        var exceptions = 0
        var choices = 0
        var powerFailures = 0
        var violations: [String] = []

        func line(clean: String) -> String {
            """
            seed \(seed) \(variant.rawValue) writers \(writers): \(transactions) transactions, \(writes) writes, \(kills) kills, \
            \(powerFailures) power failures, \(barriers) barriers and \(barriersBusy) given up, \(conflicts) conflicts, \(choices) choices, \(exceptions) exceptions: \
            \(violations.isEmpty ? "" : "\(violations.count) violations, ")\(clean)
            """
        }
    }

    func carryOut() async throws -> Result {
        let database = "run_\(variant.rawValue.lowercased())_\(seed)"
        let url = try await cluster.makeStores(database)
        let session = Session(url, "cutover-control")
        try await prepare(session.connection())
        let children = Writers(url: url, variant: variant, locked: writers == 1)
        try await children.start(writers)
        var result = Result(seed: seed, variant: variant, writers: writers)
        do {
            try await play(url, session, children, &result)
            try await rest(try await session.connection(), &result)
        } catch {
            await children.stop()
            throw error
        }
        result.kills = await children.kills
        await children.stop()
        let verdict = try await Verdict.judge(session.connection())
        result.writes = verdict.agentWrites
        result.conflicts = verdict.conflicts
        result.exceptions = verdict.exceptions
        result.violations += verdict.violations
        await session.close()
        try await cluster.drop(database)
        return result
    }

    // MARK: - Non public

    private func prepare(_ control: PostgresConnection) async throws {
        try await control.execute(World.create)
        try await control.execute(Referee.create)
        // Rows the capture never saw: the copy's share.
        let loader = try await PostgresConnection.connect(cluster.url("run_\(variant.rawValue.lowercased())_\(seed)"), applicationName: "loader")
        for number in 0..<World.ids where number % 3 != 0 {
            let place = World.places[number % 6]
            try await loader.query(
                "INSERT INTO agent_memories (id, workspace_id, scope, content) VALUES ($1, $2, $3, $4)",
                [.text(World.id(number)), .text(place.workspace), .text(place.scope), .text("s\(seed) loaded \(number)")])
        }
        if variant == .lawful { try await find(loader) }
        await loader.close()
        try await Capture(DataPathSettings(), variant: variant).install(control)
        try await Control.restartCopy(fence: 0, chunkRows: 20, control)
    }

    /// Rows lie in v2 before anybody captures: some equal to v1's, some not. And v2 will refuse some texts.
    private func find(_ loader: PostgresConnection) async throws {
        try await loader.execute(
            """
            INSERT INTO memory_plugin.memory_namespaces (name, kind)
            SELECT n, split_part(n, ':', 1) FROM unnest(ARRAY['\(World.namespaces.joined(separator: "','"))']) n;
            INSERT INTO memory_plugin.memory_records (id, namespace, content, kind, source, created_at)
            SELECT m.id, 'workspace:' || m.workspace_id, CASE WHEN right(m.id::text, 1) < '4' THEN m.content ELSE m.content || ' found' END, 'fact', 'agent', m.created_at
            FROM agent_memories m WHERE m.scope = 'LOCAL' AND right(m.id::text, 1) < '6';
            ALTER TABLE memory_plugin.memory_records ADD CHECK (content NOT LIKE '%\(World.tooMuch)')
            """)
    }

    private func play(_ url: String, _ session: Session, _ children: Writers, _ result: inout Result) async throws {
        let until = ContinuousClock.now + .seconds(seconds)
        let barriers = Barriers()
        let choices = Barriers()
        let lawful = variant == .lawful
        result.transactions = try await withThrowingTaskGroup(of: Int.self) { group in
            for side in [1, 2] {
                for number in 0..<3 {
                    group.addTask { try await Agent(url: url, side: side, number: number, seed: seed, until: until, widely: lawful).run() }
                }
            }
            group.addTask {
                try await Gardener(url: url, seed: seed, until: until).run()
                return 0
            }
            group.addTask {
                try await disturb(children, session, until)
                return 0
            }
            if lawful {
                group.addTask {
                    for _ in 0..<(try await Person(url: url, seed: seed, until: until).run()) { choices.ended(busy: false) }
                    return 0
                }
                group.addTask {
                    for _ in 0..<(try await failPower(until)) { choices.ended(busy: true) }
                    return 0
                }
            }
            group.addTask {
                try await hold(url, until, children, barriers)
                return 0
            }
            return try await group.reduce(0, +)
        }
        (result.choices, result.powerFailures, _) = choices.found
        let found = barriers.found
        result.barriers = found.held
        result.barriersBusy = found.busy
        result.violations += found.violations
    }

    /// Kills a writer a few times a second and starts the copy again about once a second.
    private func disturb(_ children: Writers, _ session: Session, _ until: ContinuousClock.Instant) async throws {
        var dice = Dice(seed: seed, stream: 998)
        // A cursor kept in memory would start again with its process and find what it had passed over.
        let kills = variant != .cursorBySequence
        var round = 0
        while ContinuousClock.now < until {
            try await Task.sleep(for: .milliseconds(120 + dice.below(400)))
            if kills { try await children.killOne(dice.below(100)) }
            round += 1
            do {
                let control = try await session.connection()
                // The first copy must end before barriers can prove anything.
                if try await Control.read(control).copyDone {
                    await children.copied()
                    // A copy looks at every row and would heal what a naive variant lost.
                    let restarts = variant == .lawful || variant == .copyInsertsIfAbsent
                    if restarts, round.isMultiple(of: 3) { try await Control.restartCopy(fence: 0, chunkRows: 20, control) }
                }
            } catch {
                guard let lost = error as? PostgresError, lost.meansServerLost else { throw error }
                await session.recover(from: lost)
            }
        }
    }

    /// Twice in a run, at random moments; some runs are spared.
    private func failPower(_ until: ContinuousClock.Instant) async throws -> Int {
        var dice = Dice(seed: seed, stream: 996)
        if seed.isMultiple(of: 4) { return 0 }
        for _ in 0..<2 {
            try await Task.sleep(for: .seconds(seconds * Double(15 + dice.below(30)) / 100))
            try await cluster.failPower(killed: dice.chance(60))
        }
        return 2
    }

    private func hold(
        _ url: String, _ until: ContinuousClock.Instant, _ children: Writers, _ barriers: Barriers
    ) async throws {
        let session = Session(url, "cutover-barrier")
        let besides = Session(url, "referee")
        let quiesce = Quiesce(DataPathSettings(), variant: variant == .barrierBegunWithSelect ? variant : .lawful)
        // Barriers look lawfully, and would heal or hide what the other variants do.
        guard variant == .lawful || variant == .barrierBegunWithSelect else { return }
        while ContinuousClock.now < until {
            try await Task.sleep(for: .milliseconds(200))
            if await !children.hasCopied { continue }
            do {
                let connection = try await session.connection()
                let beside = try await besides.connection()
                _ = try await quiesce.run(connection, lockTimeoutSeconds: 2, budgetSeconds: 20) { connection in
                    barriers.saw(try await Referee.judgeBarrier(inside: connection, beside: beside))
                }
                barriers.ended(busy: false)
            } catch DataPathError.tablesBusy {
                barriers.ended(busy: true)
            } catch {
                if (error as? PostgresError)?.meansServerLost == true {
                    // Which of the two was told first, nobody knows.
                    await session.close()
                    await besides.close()
                } else {
                    barriers.saw("a barrier failed: \(error)")
                }
            }
        }
    }

    /// Waits until nothing is left to look at. A variant that never consumes is at rest when nothing changes any more.
    private func rest(_ control: PostgresConnection, _ result: inout Result) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        var changes = -1
        var quiet = 0
        while ContinuousClock.now < deadline {
            let growth = try await Capture().growth(control)
            let copied = try await Control.read(control).copyDone
            if growth.entries == 0, growth.markers == 0, copied { return }
            let now = try await control.query("SELECT count(*) AS n FROM referee.audit")[0].int("n")
            quiet = now == changes ? quiet + 1 : 0
            changes = now
            if variant != .lawful, quiet > 15 { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        let left = try await control.query(
            """
            SELECT concat_ws(' ', (SELECT count(*) FROM cutover.change_log), 'entries',
                (SELECT string_agg(DISTINCT id::text || ' ' || (SELECT string_agg(DISTINCT c.side || CASE WHEN c.del THEN 'd' ELSE 'e' END, ',') FROM cutover.change_log c WHERE c.id = l.id), '; ') FROM (SELECT DISTINCT id FROM cutover.change_log LIMIT 4) l),
                (SELECT count(*) FROM cutover.marker), 'markers', (SELECT copy_done FROM cutover.control), 'copied',
                (SELECT string_agg(DISTINCT state || ' ' || left(query, 60), ' | ') FROM pg_stat_activity WHERE application_name LIKE 'cutover-writer%' AND datname = current_database())) AS left
            """)[0].string("left")
        result.violations.append("the run does not come to rest: \(left)")
    }
}

/// What the barriers of a run found.
final class Barriers: Sendable {
    private let state = Mutex<(held: Int, busy: Int, violations: [String])>((0, 0, []))

    var found: (held: Int, busy: Int, violations: [String]) { state.withLock { $0 } }

    func saw(_ violation: String?) {
        if let violation { state.withLock { $0.violations.append(violation) } }
    }

    func ended(busy: Bool) {
        state.withLock { if busy { $0.busy += 1 } else { $0.held += 1 } }
    }
}
