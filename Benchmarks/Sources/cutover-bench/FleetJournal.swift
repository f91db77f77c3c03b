import Cutover
import Foundation
import GRDB
import Journals
import Phases
import Postgres
import Simulation

/// Ten thousand tenants through the whole plan, with waits of an hour, by the real loop, over simulated hosts and a durable journal: events a second, against plain
/// inserts of the same events into a table of the same server or disk, `group` of them a commit; and against Terraform's applying of as many
/// resources that do nothing, each step that was verified counted as one.
struct FleetJournal: Bench {
    enum Backend: String { case sqlite, postgres }
    let backend: Backend
    var name: String { "fleet-journal-\(backend)" }
    private static let group = 256
    /// Terraform 1.9 applying 10,000 `null_resource`s took 611 s on this kind of machine.
    private static let terraform = 10_000 / 611.0

    func measure(_ ground: Ground) async throws -> [Figure] {
        let fleet = try FleetGround(waits: "1h")
        let (journal, address) = try await emptyJournal(fleet, ground)
        let time = HurriedTime(Timestamp(milliseconds: 1_790_000_000_000))
        let engine = fleet.engine(journal, time)
        let began = ContinuousClock.now
        for tenant in fleet.fleet.tenants {
            for person in ["lead-1", "lead-2"] {
                let leader = fleet.engine(journal, time, as: OperatorID(person))
                for step in fleet.plan.steps where step.spec.risk == .high { try await leader.approve(tenant.id, topic: step.place, reason: "bench") }
            }
        }
        tell(String(format: "signed in %.1f s", inSeconds(ContinuousClock.now - began)))
        let done = Locked(0)
        let run = FleetRun(engine: engine, tenants: fleet.fleet.tenants.map(\.id), byWaves: true, pollMilliseconds: 3_600_000) { tenant, outcome in
            if outcome.isFinal { done.write { $0 += 1 } }
        }
        let outcomes = try await run.run(waitForClocks: true, patience: 100_000)
        let took = inSeconds(ContinuousClock.now - began)
        guard outcomes.values.allSatisfy(\.isFinal) else { throw Trouble("not all have ended: \(outcomes.values.first { !$0.isFinal }.map { "\($0)" } ?? "")") }
        let records = try await journal.records().records
        let steps = records.count { $0.kind == "verified" }
        let ours = Double(records.count) / took
        tell(String(format: "%@: %d events, %d verified steps in %.1f s: %.0f events/s, %.0f steps/s", name, records.count, steps, took, ours, Double(steps) / took))
        let plain = try await backend == .sqlite ? plainSQLite(records, beside: address) : plainPostgres(records, ground)
        return [
            Figure(name, Pairs(ours: [ours], against: [plain]), unit: "events/s", .atLeast(0.5)),
            Figure("\(name)-terraform", Pairs(ours: [Double(steps) / took], against: [Self.terraform]), unit: "steps/s", .atLeast(100)),
        ]
    }

    private func emptyJournal(_ fleet: FleetGround, _ ground: Ground) async throws -> (any Journal, String) {
        switch backend {
        case .sqlite:
            let path = "\(fleet.folder)/run.db"
            for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
            return (try openJournal(path, create: true, random: Chance()), path)
        case .postgres:
            let admin = try await PostgresConnection.connect(ground.cluster.url(), applicationName: "bench-admin")
            for database in ["fleet", "fleet_plain"] {
                try await admin.execute("DROP DATABASE IF EXISTS \(database) WITH (FORCE)")
                try await admin.execute("CREATE DATABASE \(database)")
            }
            await admin.close()
            return (try openJournal(ground.cluster.url("fleet"), create: true, random: Chance()), "")
        }
    }

    /// Rows a second.
    private func plainSQLite(_ records: [EventRecord], beside path: String) async throws -> Double {
        for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: "\(path).plain\(end)") }
        let rows = try records.map { (record: $0, facts: try CanonicalJSON.text($0.facts)) }
        return try await withCheckedThrowingContinuation { done in
            Thread.detachNewThread {
                done.resume(
                    with: Result {
                        let queue = try DatabaseQueue(path: "\(path).plain")
                        try queue.inDatabase { db in
                            try db.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
                            try db.execute(
                                sql: """
                                    CREATE TABLE events (position INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, revision INTEGER NOT NULL, at TEXT NOT NULL, by TEXT NOT NULL,
                                    fence INTEGER NOT NULL, kind TEXT NOT NULL, step TEXT, facts TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL, UNIQUE (stream, revision)) STRICT
                                    """)
                        }
                        let began = ContinuousClock.now
                        for start in stride(from: 0, to: rows.count, by: Self.group) {
                            try queue.write { db in
                                let insert = try db.cachedStatement(
                                    sql: "INSERT INTO events (stream, revision, at, by, fence, kind, step, facts, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
                                for (row, facts) in rows[start..<min(rows.count, start + Self.group)] {
                                    try insert.execute(arguments: [
                                        row.stream.text, row.revision, row.at, row.by.text, row.fence, row.kind, row.step, facts, row.previous, row.hash,
                                    ])
                                }
                            }
                        }
                        return Double(rows.count) / inSeconds(ContinuousClock.now - began)
                    })
            }
        }
    }

    private func plainPostgres(_ records: [EventRecord], _ ground: Ground) async throws -> Double {
        let connection = try await PostgresConnection.connect(ground.cluster.url("fleet_plain"), applicationName: "bench-plain")
        try await connection.execute(
            """
            CREATE TABLE events (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stream text COLLATE "C" NOT NULL, revision bigint NOT NULL, at text NOT NULL, by text NOT NULL,
            fence bigint NOT NULL, kind text NOT NULL, step text, facts text NOT NULL, previous text NOT NULL, hash text NOT NULL, UNIQUE (stream, revision))
            """)
        let facts = try records.map { try CanonicalJSON.text($0.facts) }
        let took = try await seconds {
            for start in stride(from: 0, to: records.count, by: Self.group) {
                let end = min(records.count, start + Self.group)
                let rows = records[start..<end]
                try await connection.prepared(
                    """
                    INSERT INTO events (stream, revision, at, by, fence, kind, step, facts, previous, hash)
                    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
                    """,
                    [
                        .texts(rows.map(\.stream.text)), .ints(rows.map(\.revision)), .texts(rows.map(\.at)), .texts(rows.map(\.by.text)), .ints(rows.map(\.fence)),
                        .texts(rows.map(\.kind)), .texts(rows.map(\.step)), .texts(Array(facts[start..<end])), .texts(rows.map(\.previous)), .texts(rows.map(\.hash)),
                    ])
            }
        }
        await connection.close()
        return Double(records.count) / took
    }
}

struct Chance: RandomSource {
    func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0 ... .max) } }
}

extension FleetGround {
    /// The real catalogue's order, natures and exposure; what its steps do is done to simulated hosts.
    func engine(_ journal: any Journal, _ time: any TimeSource, as person: OperatorID = "bench", hosts: SimulatedHosts? = nil) -> Engine {
        let hosts = hosts ?? SimulatedHosts(quickBy: time)
        return Engine(
            plan: plan, fleet: fleet, catalog: MemoryCatalog.catalog.simulated(), journal: journal, time: time, me: person,
            holder: LeaseHolder(name: "bench", seconds: 365 * 86_400), operationSeconds: 365 * 86_400
        ) { _ in hosts }
    }
}
