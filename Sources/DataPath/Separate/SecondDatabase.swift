import CrashPoints
import Foundation
public import Postgres

/// The plugin's own database, joined to a session with the tenant's: every transaction of the session is then two, one in each.
///
/// The session sees v2 as temporary tables of its own, filled from the plugin's snapshot with what a transaction asks for. What it
/// changes in them is shipped: written to the plugin's tables in the plugin's transaction, where the first to update wins, and read
/// back to the byte. The plugin's transaction commits first, and with it a receipt that says what the two sides agreed on; the session's
/// own commits next. Where that one is lost, whoever comes next makes up for it from the receipt before anything else is looked at.
///
/// One such transaction at a time, kept apart by a lock in both databases that is the sessions' and so outlives no transaction.
public actor SecondDatabase: TransactionPartner {
    let far: PostgresConnection
    /// Of the plugin's database.
    let settings: DataPathSettings
    let schema: String
    /// v2 by its own name.
    let records: TableName
    let namespaces: TableName
    let isReader: Bool
    /// Names of the columns that are stored, quoted.
    let columns: String
    /// Who made v2's table, and the table's identity.
    let owner: String
    let identity: String

    var state = PairState()
    private var seal: CaptureSeal.Mark?
    /// While the capture is put in place there is nothing to be sealed.
    var isInstalling = false
    /// For tests: between what they are called.
    package var beforeFarCommit: (@Sendable () async throws -> Void)?
    package var afterFarCommit: (@Sendable () async throws -> Void)?

    /// Joins `far` to the session `near`; both must be outside a transaction. `far` belongs to it from here on, and is closed with `near`.
    ///
    /// Throws `.notInstalled` when the plugin has no tables there.
    /// - Parameter readOnly: the session makes its temporary tables and writes nothing else.
    @discardableResult
    public static func join(
        _ near: PostgresConnection, _ far: PostgresConnection, _ settings: DataPathSettings = DataPathSettings(), readOnly: Bool
    ) async throws -> SecondDatabase {
        let plain = settings.far
        if try await areOne(near, far) { throw DataPathError.refused("what is given as the plugin's own database is the tenant's") }
        let described = try await far.query(SeparateSQL.describe, [.text(plain.v2Records.sql)])
        guard !described.isEmpty else { throw DataPathError.notInstalled("table \(plain.v2Records) in the plugin's database") }
        let made = try described.map { row in
            let expression = try row.optionalString("expression")
            let generated = try row.bool("generated")
            let tail = expression.map { generated ? " GENERATED ALWAYS AS (\($0)) STORED" : " DEFAULT \($0)" } ?? ""
            return "\(quoted(try row.string("name"))) \(try row.string("type"))\(try row.bool("required") ? " NOT NULL" : "")\(tail)"
        }
        let stored = try described.filter { try !$0.bool("generated") }.map { quoted(try $0.string("name")) }.joined(separator: ", ")
        let who = try await far.query(
            "SELECT pg_get_userbyid(relowner)::text AS owner, oid::text AS oid FROM pg_class WHERE oid = to_regclass($1)", [.text(plain.v2Records.sql)])[0]
        for session in [near, far] { try await session.execute("SET lock_timeout = '60s'; SET synchronous_commit = on") }
        try await near.execute("BEGIN READ WRITE; \(SeparateSQL.standIn(made, schema: plain.schema)); COMMIT")
        if !readOnly {
            try await far.execute("CREATE TEMP TABLE IF NOT EXISTS arrived ON COMMIT DELETE ROWS AS SELECT \(stored) FROM \(plain.v2Records.sql) WITH NO DATA")
        }
        let second = SecondDatabase(
            far, plain, readOnly: readOnly, columns: stored, owner: try who.string("owner"), identity: "far \(try who.string("oid"))")
        await near.join(second)
        return second
    }

    /// Both sessions are with one database, whatever their URLs say. Both must be outside a transaction.
    public static func areOne(_ near: PostgresConnection, _ far: PostgresConnection) async throws -> Bool {
        let key = PostgresValue.int(Int.random(in: Int(Int32.max)...Int.max))
        try await near.query("SELECT pg_advisory_lock($1)", [key])
        let got = try await far.query("SELECT pg_try_advisory_lock($1) AS got", [key])[0].bool("got")
        if got { try await far.query("SELECT pg_advisory_unlock($1)", [key]) }
        try await near.query("SELECT pg_advisory_unlock($1)", [key])
        return !got
    }

    private init(_ far: PostgresConnection, _ settings: DataPathSettings, readOnly: Bool, columns: String, owner: String, identity: String) {
        self.far = far
        self.settings = settings
        self.schema = settings.schema
        self.records = settings.v2Records
        self.namespaces = settings.v2Namespaces
        self.isReader = readOnly
        self.columns = columns
        self.owner = owner
        self.identity = identity
    }

    // MARK: - The two transactions

    public func enter(_ near: PostgresConnection, readOnly: Bool) async throws {
        state = PairState()
        do {
            try await near.query("SELECT pg_advisory_lock(\(lock))")
            state.holdsNear = true
            try await far.query("SELECT pg_advisory_lock(\(lock))")
            state.holdsFar = true
            state.installed = try await isInstalled(near)
            state.reads = isReader || readOnly
            guard !state.reads, state.installed else { return }
            if !isInstalling, seal == nil { seal = try await CaptureSeal.mark(far, settings) }
            if isInstalling, try await apart(near) != nil { return state.installed = false }
            try await makeUp(near)
        } catch {
            await left(near)
            throw error
        }
    }

    public func begun(_ near: PostgresConnection, readOnly: Bool) async throws {
        try await far.execute("BEGIN ISOLATION LEVEL REPEATABLE READ\(state.reads ? " READ ONLY" : "")")
        state.isOpen = true
        guard state.reads else {
            return try await far.execute("SET LOCAL lock_timeout = '150ms'; SET LOCAL jit = off")
        }
        // While nobody is between his two commits: then the two snapshots are of one moment as far as our own writes go.
        try await near.query("SELECT 1")
        try await far.execute("LOCK TABLE \(records.sql) IN ACCESS SHARE MODE")
        try await far.query("SELECT 1")
        await release(near)
    }

    public func conclude(_ near: PostgresConnection) async throws {
        guard state.isOpen else { return }
        if state.reads || !state.installed { return try await endFar("ROLLBACK") }
        try await ship(near)
        try await tellPlaced(near)
        if state.sawFar { try await seal?.require(far, settings) }
        if !state.shipped.isEmpty { try await writeReceipt(near) }
        let ships = !state.shipped.isEmpty
        if ships { try await beforeFarCommit?() }
        try await endFar(state.writesFar ? "COMMIT" : "ROLLBACK")
        if ships { try await afterFarCommit?() }
    }

    public func left(_ near: PostgresConnection) async {
        if state.isOpen { try? await endFar("ROLLBACK") }
        await release(near)
    }

    public func close() async { await far.close() }

    func setInstalling(_ isIt: Bool) {
        isInstalling = isIt
        if !isIt { seal = nil }
    }

    /// What tests do between the two commits.
    package func interrupt(before: (@Sendable () async throws -> Void)? = nil, after: (@Sendable () async throws -> Void)? = nil) {
        (beforeFarCommit, afterFarCommit) = (before, after)
    }

    // MARK: - Non public

    private var lock: String { "1129534550, hashtext('\(schema) pair')" }

    private func endFar(_ word: String) async throws {
        state.isOpen = false
        if word == "COMMIT" { CrashPoint.reached("far commit begun") }
        try await far.execute(word)
        if word == "COMMIT" { CrashPoint.reached("far commit done") }
    }

    private func release(_ near: PostgresConnection) async {
        if state.holdsFar { _ = try? await far.query("SELECT pg_advisory_unlock(\(lock))") }
        if state.holdsNear { _ = try? await near.query("SELECT pg_advisory_unlock(\(lock))") }
        (state.holdsFar, state.holdsNear) = (false, false)
    }

    private func isInstalled(_ near: PostgresConnection) async throws -> Bool {
        for (session, table) in [(near, "relayed"), (far, "change_log"), (far, "landed")] {
            guard try await session.query("SELECT to_regclass('\(schema).\(table)') IS NOT NULL AS there")[0].bool("there") else { return false }
        }
        return true
    }
}

/// One transaction's account.
struct PairState {
    var installed = false
    /// Nothing is written, and the two snapshots are of one moment.
    var reads = false
    var holdsNear = false
    var holdsFar = false
    var isOpen = false
    /// Something of v2 was read.
    var sawFar = false
    var isWhole = false
    var brought: Set<UUID> = []
    var shipments = 0
    /// The highest numbers of conflicts and kept rows before the transaction.
    var conflicts = 0
    var kept = 0
    /// Shipped ids, with whether the row is new in v2.
    var shipped: [UUID: Bool] = [:]
    /// Entries the transaction saw, by id.
    var seqs: [UUID: [Int]] = [:]
    var writesFar = false
}
