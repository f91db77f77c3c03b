import Postgres

/// Judges a run that came to rest, from the agents' own history: what each text had seen, and what became of it.
///
/// Every text was written once, with its embedding, so both together name the write. It trusts neither `placed` nor the log.
struct Verdict {
    private(set) var violations: [String] = []
    private(set) var agentWrites = 0
    private(set) var conflicts = 0
    private(set) var exceptions = 0

    /// The text a write replaced on its side.
    private var seen: [String: String] = [:]
    /// The text each life began with.
    private var life: [String: String] = [:]
    /// Texts at which an agent ended a life, by life.
    private var ends: [String: [String]] = [:]
    /// Texts an agent's later write or forget knew.
    private var followed: Set<String> = []
    private var written: [(text: String, id: String)] = []
    private var kept: [String: Set<String>] = [:]

    static func judge(_ connection: PostgresConnection) async throws -> Verdict {
        var verdict = Verdict()
        let records = try await connection.query(
            """
            SELECT id::text AS id, kind, CASE WHEN v1_row IS NOT NULL THEN concat(v1_row->>'content', ' ', v1_row->>'embedding') END AS a,
                CASE WHEN v2_row IS NOT NULL THEN concat(v2_row->>'content', ' ', v2_row->>'embedding') END AS b, v1_row->>'workspace_id' AS workspace, closed IS NULL AS open
            FROM cutover.conflicts ORDER BY n
            """)
        for record in records {
            for column in ["a", "b"] {
                if let text = try record.optionalString(column) { verdict.kept[try record.string("id"), default: []].insert(text) }
            }
        }
        for change in try await connection.query("SELECT side, op, id::text AS id, before, after, ours FROM referee.audit ORDER BY seq") {
            try verdict.follow(change)
        }
        try verdict.judgeRecords(records)
        try await verdict.judgeRest(connection, records)
        return verdict
    }

    // MARK: - Non public

    private mutating func follow(_ change: PostgresRow) throws {
        let id = try change.string("id")
        let before = try change.optionalString("before")
        let after = try change.optionalString("after")
        if try change.bool("ours") {
            judgeOurs(id, before, after)
            return
        }
        let place = "\(try change.string("side")) \(id)"
        if let after {
            agentWrites += 1
            written.append((after, id))
            let known = before ?? lastEnded[place]
            if let known {
                seen[after] = known
                followed.insert(known)
            }
            life[after] = before.flatMap { life[$0] } ?? after
        } else if let before {
            agentWrites += 1
            followed.insert(before)
            ends[life[before] ?? before, default: []].append(before)
            lastEnded[place] = before
        }
    }

    /// The text an agent last forgot at a place: whoever writes there anew knew it.
    private var lastEnded: [String: String] = [:]

    /// What we overwrite or delete must have been known to the write or forget we carry, or be kept.
    private mutating func judgeOurs(_ id: String, _ before: String?, _ after: String?) {
        guard let before, before != after, kept[id]?.contains(before) != true else { return }
        if let after {
            if !history(of: after).contains(before) { violations.append("\(id): \"\(before)\" overwritten unseen by \"\(after)\"") }
        } else {
            let known = (ends[life[before] ?? before] ?? []).contains { history(of: $0).contains(before) }
            if !known { violations.append("\(id): \"\(before)\" deleted by us, and no agent forgot it") }
        }
    }

    /// The text and everything its writer's side had seen before it.
    private func history(of text: String) -> Set<String> {
        var all: Set<String> = [text]
        var next = seen[text]
        while let known = next, all.insert(known).inserted { next = seen[known] }
        return all
    }

    private mutating func judgeRecords(_ records: PostgresRows) throws {
        for record in records where try record.string("kind") == "conflict" {
            conflicts += 1
            guard let a = try record.optionalString("a"), let b = try record.optionalString("b") else { continue }
            // A workspace that moved changes the row without a text.
            let workspace = try record.optionalString("workspace")
            if World.wanderers.contains(workspace ?? "") || a == b { continue }
            if history(of: a).contains(b) || history(of: b).contains(a) {
                violations.append("\(try record.string("id")): a conflict without concurrency, \"\(a)\" and \"\(b)\"")
            }
        }
    }

    private mutating func judgeRest(_ connection: PostgresConnection, _ records: PostgresRows) async throws {
        var open: [String: [String?]] = [:]
        for record in records where try record.bool("open") {
            open[try record.string("id")] = [try record.optionalString("a"), try record.optionalString("b")]
        }
        let excepted = Set(
            try await connection.query("SELECT id::text AS id FROM cutover.exceptions WHERE closed IS NULL").map { try $0.string("id") })
        exceptions = excepted.count
        var resting: Set<String> = []
        for row in try await connection.query(Referee.sides) {
            let id = try row.string("id")
            let texts = [try row.optionalString("a"), try row.optionalString("b")]
            for (side, text) in texts.enumerated() {
                guard let text else { continue }
                resting.insert(text)
                if ends[life[text] ?? text] != nil { violations.append("\(id): \"\(text)\" was forgotten and is in v\(side + 1)") }
            }
            if try row.bool("equal") { continue }
            let homeless = try row.bool("homeless")
            let nobodys = try row.optionalString("nobodys") == "t"
            if excepted.contains(id), homeless || nobodys { continue }
            if open[id] == texts { continue }
            violations.append("\(id): unequal and nothing says so: \(texts.map { $0 ?? "-" })")
        }
        for (text, id) in written where !followed.contains(text) && !resting.contains(text) && kept[id]?.contains(text) != true {
            violations.append("\(id): \"\(text)\" is nowhere, and nobody knew it")
        }
    }
}
